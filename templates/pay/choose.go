package pay

// title begins with "Error: " when something typed has to be corrected, so that a screen reader says
// it first.
func (v *Choose) title() string {
	switch {
	case v.Phone.Error != "":
		return v.T("error.title", "Title", v.heading())
	case v.Failed != nil:
		return v.T("failed.title")
	}
	return v.heading()
}

func (v *Choose) heading() string {
	switch {
	case v.Failed != nil:
		return v.T("choose.title_again")
	case len(v.Methods) == 1:
		return v.T("choose.title_one")
	}
	return v.T("choose.title")
}

// id names the words of the failure. An attempt that ended without a reason went wrong all the same.
func (f *Failed) id() string {
	switch {
	case f.Decline == "":
		return "decline.unknown"
	case f.Card && f.Decline == "declined":
		return "decline.declined_card"
	}
	return "decline." + f.Decline
}
