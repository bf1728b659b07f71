package calls

// Unit says what a measure's figures are: calls, spans, tokens, nano_usd, us, ratio,
// per_second, score, values or number.
func (m *Measure) Unit() string {
	switch m.What {
	case Spans:
		return "spans"
	case ErrorRate, CacheHitRate:
		return "ratio"
	case CostPerCall, CostPerTrace, CostPerSession, CostPerUser:
		return "nano_usd"
	case Score:
		return "score"
	case Of:
		return m.unitOfField()
	}
	return "calls"
}

func (m *Measure) unitOfField() string {
	if m.Agg == Unique {
		return "values"
	}
	switch m.Field.Kind {
	case Money:
		return "nano_usd"
	case Duration:
		return "us"
	case Milli:
		return "per_second"
	case Number:
		if m.Field.Name == "attempts" || m.Field.Name == "http_status" {
			return "number"
		}
		return "tokens"
	}
	return "number"
}
