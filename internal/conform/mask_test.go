package conform_test

import "regexp"

var (
	unixTime = regexp.MustCompile(`"(created|created_at|completed_at)":\s?1[789]\d{8}\b`)
	dayTime  = regexp.MustCompile(`"createTime":\s?"20[0-9TZ:.-]+"`)
	oldTime  = regexp.MustCompile(`"(created|created_at|completed_at)":\s?1700000000\b`)
)

// timeless replaces the times that Steward itself puts into an answer; those of the
// provider (1700000000) stay.
func timeless(s string) string {
	s = dayTime.ReplaceAllString(s, `"createTime":"NOW"`)
	return unixTime.ReplaceAllStringFunc(s, func(m string) string {
		if oldTime.MatchString(m) {
			return m
		}
		s = dayTime.ReplaceAllString(s, `"createTime":"NOW"`)
		return unixTime.ReplaceAllString(m, `"$1":NOW`)
	})
}
