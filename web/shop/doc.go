// Package shop owns the demo's shop: what it sells, the basket, its orders, and how it talks to Kassa. It is
// written as a merchant would write one: it knows Kassa by its API over HTTP, by the signed return and by the
// callbacks, and checks the last two with code of its own.
//
// It must not know the engine, the store or any type of theirs. Its orders are kept in memory and forgotten
// when the process ends.
package shop
