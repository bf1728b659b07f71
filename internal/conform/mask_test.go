package conform_test

import "regexp"

var (
	unixTime = regexp.MustCompile(`"(created|created_at|completed_at)":\s?1[789]\d{8}\b`)
	dayTime  = regexp.MustCompile(`"createTime":\s?"20[0-9TZ:.-]+"`)
	madeID   = regexp.MustCompile(`0[0-9a-hjkmnp-tv-z]{25}`) // as ident writes them
	oldTime  = regexp.MustCompile(`"(created|created_at|completed_at)":\s?1700000000\b`)
)

// timeless replaces the times and ids that Steward itself puts into an answer; the
// provider's times (1700000000) stay.
func timeless(s string) string {
	s = madeID.ReplaceAllString(s, "MADE")
	s = dayTime.ReplaceAllString(s, `"createTime":"NOW"`)
	return unixTime.ReplaceAllStringFunc(s, func(m string) string {
		if oldTime.MatchString(m) {
			return m
		}
		s = madeID.ReplaceAllString(s, "MADE")
		s = dayTime.ReplaceAllString(s, `"createTime":"NOW"`)
		return unixTime.ReplaceAllString(m, `"$1":NOW`)
	})
}
