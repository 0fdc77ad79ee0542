package pay

func (v *Problem) say(part string) string { return v.T("problem." + string(v.Kind) + "." + part) }

// money: a request that was refused moved none; one that failed may have come after another that did.
func (v *Problem) money() string {
	if v.Kind == ProblemError || v.Kind == ProblemUnavailable {
		return "unchanged"
	}
	return "none"
}
