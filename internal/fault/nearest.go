package fault

import "strings"

// Nearest returns the word of list that s most likely meant, for hints; "" where none
// is near. Letters' case and what joins words do not matter.
func Nearest(s string, list []string) string {
	best, bestAt := "", min(len(s)/2+1, len(s)/3+2)
	folded := fold(s)
	for _, w := range list {
		if d := Distance(folded, fold(w)); d < bestAt {
			best, bestAt = w, d
		}
	}
	return best
}

// fold drops what people get wrong without meaning another word.
func fold(s string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "", ".", "").Replace(strings.ToLower(s))
}

// Distance counts the insertions, deletions, replacements and swaps of neighbours
// that turn a into b, over bytes (optimal string alignment). Long words are far from
// everything.
func Distance(a, b string) int {
	const far = 100
	if len(a) > far || len(b) > far {
		return far
	}
	two, one, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(one[j]+1, cur[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], two[j-2]+1)
			}
		}
		two, one, cur = one, cur, two
	}
	return one[len(b)]
}
