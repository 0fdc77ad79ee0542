// Package words owns everything the shopper reads that is not the merchant's own: the message
// catalogue in each language, and how amounts, dates and times are written where the shopper is.
//
// It must not know pages or states beyond their names: who says which message, and when, is not its
// business. Amounts are exact integers on the whole way; their decimals come from checkout, only their
// pattern from CLDR.
package words
