// Package layout owns the document around every page: head, landmarks, skip link, test strip,
// footer, language switch, the one style sheet and the one script.
//
// It must not know sessions, attempts or any rule about money: text, addresses and amounts reach it
// ready to be shown. It imports nothing of internal/.
package layout
