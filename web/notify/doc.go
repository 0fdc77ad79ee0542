// Package notify takes what providers send: their notifications, and the browsers that they send back.
//
// It must not believe either: it hands them to the engine as values, and answers what the adapter
// wants answered.
package notify
