// Package shop owns the pages of the demo's shop: the goods, the basket, the order, and beside each the
// requests and answers that made it. Its view models are shaped like the page: amounts, times and addresses
// are ready to be shown.
//
// It must not add up, ask or verify anything (web/shop does), and no page of it needs a script.
package shop
