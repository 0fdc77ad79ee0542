// Package seal encrypts small secrets (the settings of channels) before they are stored, so that a
// copy of the database gives nobody a provider's credentials.
//
// It owns the key, the format of a sealed value and the binding of a value to its place: the
// associated data name the merchant, the channel and the field, so that a value moved to another row
// does not open. It must not know a database, a provider, or what a setting means; and it never
// prints a key.
//
// A sealed value is: one byte of format (1), four bytes that name the key, twelve bytes of nonce,
// the AES-256-GCM ciphertext and its tag. Format and key name are authenticated as well. The cipher
// is the standard library's, which draws the nonce itself: at 2^32 values under one key the chance of
// a repeated nonce is still below 2^-32.
package seal
