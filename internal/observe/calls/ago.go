package calls

import (
	"strings"
	"time"
)

// ParseAgo reads how long ago something was: "-24h", "24h", "-7d". ok is false where
// it is not written so.
func ParseAgo(text string) (d time.Duration, ok bool) {
	n, why := parseDuration(strings.TrimPrefix(text, "-"))
	if why != "" || n <= 0 || text == "" || text[len(text)-1] >= '0' && text[len(text)-1] <= '9' {
		return 0, false
	}
	return time.Duration(n) * time.Microsecond, true
}
