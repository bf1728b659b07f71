package ident_test

import (
	"strings"
	"testing"

	"github.com/steward-llmops/steward/internal/ident"
)

func TestParseID(t *testing.T) {
	id := ident.ID{0x01, 0x9b, 15: 0xff}
	tests := map[string]struct {
		in string
		ok bool
	}{
		"with its prefix":   {id.Text("call"), true},
		"without":           {id.String(), true},
		"in capitals":       {strings.ToUpper(id.Text("call")), true},
		"nothing":           {"", false},
		"too short":         {id.String()[1:], false},
		"too long":          {id.String() + "0", false},
		"much too long":     {strings.Repeat("0", 60), false},
		"a letter of no id": {"call_u" + id.String()[1:], false},
		"letters that grow": {strings.Repeat("\u023a", 13), false}, // 2 bytes, and 3 in lower case
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ident.ParseID(tt.in)
			if (err == nil) != tt.ok || tt.ok && got != id {
				t.Errorf("ParseID(%q) = %v, %v; want ok=%v", tt.in, got, err, tt.ok)
			}
		})
	}
}
