package pay

// code is what the QR code holds.
func (v *Crypto) code() string {
	if v.PayURI != "" {
		return v.PayURI
	}
	return v.Address
}

// mount is the id of the element in which a provider's script draws its fields.
func (v *Fields) mount() string {
	if v.Mount != "" {
		return v.Mount
	}
	return "fields"
}
