package price

// Remembered is how many made-up names a provider remembers.
func (c *Catalogue) Remembered(provider string) int {
	return len(*c.providers[provider].found.Load())
}

// DecimalOf is decimalOf, for tests.
var DecimalOf = decimalOf
