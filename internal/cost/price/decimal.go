package price

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// places is how many decimals of a dollar per million tokens a rate can hold.
const places = 9

// decimalOf returns the exact decimal text of n times 10^shift, rounded half to
// even where it has more than most decimals. Price lists that were once computed
// with floating point need the rounding: 0.18000000000000002 is 0.18.
func decimalOf(n json.Number, shift, most int) (string, error) {
	mantissa, exponent, hasExp := strings.Cut(strings.ToLower(string(n)), "e")
	exp := 0
	if hasExp {
		e, err := strconv.Atoi(exponent)
		if err != nil || e > 30 || e < -60 {
			return "", fmt.Errorf("%q is not a price", n)
		}
		exp = e
	}
	whole, frac, _ := strings.Cut(mantissa, ".")
	if !digits(whole) || !digits(frac) || whole == "" || len(whole)+len(frac) > 60 {
		return "", fmt.Errorf("%q is not a price", n)
	}
	all := whole + frac
	point := len(whole) + exp + shift // digits before the point
	for point < 0 {
		all, point = "0"+all, point+1
	}
	for len(all) < point {
		all += "0"
	}
	all, point = round(all, point, most)
	whole = strings.TrimLeft(all[:point], "0")
	frac = strings.TrimRight(all[point:], "0")
	if whole == "" {
		whole = "0"
	}
	if frac == "" {
		return whole, nil
	}
	return whole + "." + frac, nil
}

// round cuts digits behind most decimals, half to even.
func round(all string, point, most int) (string, int) {
	if len(all)-point <= most {
		return all, point
	}
	kept, rest := []byte("0"+all[:point+most]), all[point+most:]
	point++
	half := strings.TrimRight(rest, "0")
	up := half > "5" || (half == "5" && (kept[len(kept)-1]-'0')%2 == 1)
	for i := len(kept) - 1; up && i >= 0; i-- {
		if kept[i]++; kept[i] <= '9' {
			up = false
		} else {
			kept[i] = '0'
		}
	}
	return string(kept), point
}
