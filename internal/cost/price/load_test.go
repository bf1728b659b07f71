package price_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/cost/price"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
)

const head = `{"schema":1,"checked":"2026-11-25","currency":"USD","providers":[`

func list(models string) string { return head + `{"id":"lab","models":[` + models + `]}]}` }

func TestLoadRefuses(t *testing.T) {
	tests := map[string]struct{ file, says string }{
		"not JSON":              {`{`, "price catalogue"},
		"another schema":        {`{"schema":2,"checked":"2026-11-25","currency":"USD","providers":[]}`, "schema 2"},
		"euros":                 {`{"schema":1,"checked":"2026-11-25","currency":"EUR","providers":[]}`, "EUR"},
		"no day":                {`{"schema":1,"currency":"USD","providers":[]}`, "checked"},
		"text after the end":    {head + `]}{}`, "after the end"},
		"a field nobody knows":  {list(`{"id":"m","rate":{"input":"1"}}`), "rate"},
		"a number for a price":  {list(`{"id":"m","rates":{"input":1}}`), "string"},
		"a price per token":     {list(`{"id":"m","rates":{"input":"0.000001"}}`), "lab/m: input"},
		"too many decimals":     {list(`{"id":"m","rates":{"input":"1.0000000001"}}`), "lab/m: input"},
		"no name":               {list(`{"rates":{"input":"1"}}`), "model 0 has no id"},
		"a tier of nothing":     {list(`{"id":"m","rates":{"input":"1"},"tiers":[{"over":0,"rates":{"input":"2"}}]}`), "lab/m: tiers"},
		"a bad tier":            {list(`{"id":"m","rates":{"input":"1"},"tiers":[{"over":5,"rates":{"imput":"2"}}]}`), "lab/m: imput"},
		"a later price of none": {list(`{"id":"m","rates":{"input":"1"},"then":[{"from":"2026-01-01"}]}`), "lab/m: rates"},
		"a bad mode":            {list(`{"id":"m","rates":{"input":"1"},"modes":{"flex":{"times":"half"}}}`), "lab/m flex: times"},
		"a bad exception":       {list(`{"id":"m","rates":{"input":"1"},"modes":{"flex":{"times":"0.5","except":["cached"]}}}`), "lab/m flex: except"},
		"the default as a mode": {list(`{"id":"m","rates":{"input":"1"},"modes":{"standard":{"times":"1"}}}`), "lab/m: modes"},
		"a bad rule":            {list(`{"id":"m","match":["/[/"],"rates":{"input":"1"}}`), "lab/m: match"},
		"an empty rule":         {list(`{"id":"m","match":[""],"rates":{"input":"1"}}`), "lab/m: match"},
		"a list of no rules":    {list(`{"id":"m","match":[{"all":[]}],"rates":{"input":"1"}}`), "lab/m: match"},
		"rules without end":     {list(`{"id":"m","match":[` + strings.Repeat(`{"any":[`, 12) + `"x"` + strings.Repeat(`]}`, 12) + `],"rates":{"input":"1"}}`), "nested"},
		"a negative context":    {list(`{"id":"m","context":-1,"rates":{"input":"1"}}`), "lab/m: context"},
		"two of a name":         {head + `{"id":"a","models":[]},{"id":"b","aliases":["a"],"models":[]}]}`, `"a"`},
		"a fallback to nobody":  {head + `{"id":"a","fallback":["b"],"models":[]}]}`, `"b"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := price.Load([]byte(tt.file))
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Load = %v, want a fault that says %q", err, tt.says)
			}
		})
	}
}

func TestMatch(t *testing.T) {
	c, err := price.Load([]byte(list(`
		{"id":"prefix","match":["gpt-*"],"rates":{"input":"1"}},
		{"id":"exact","match":["gpt-exact"],"rates":{"input":"1"}},
		{"id":"suffix","match":["*-flash"],"rates":{"input":"1"}},
		{"id":"part","match":["*claude*"],"rates":{"input":"1"}},
		{"id":"pattern","match":["/^o[134](-|$)/"],"rates":{"input":"1"}},
		{"id":"all","match":[{"all":["x*","*y"]}],"rates":{"input":"1"}},
		{"id":"any","match":[{"any":["p","q*"]}],"rates":{"input":"1"}},
		{"id":"Itself","rates":{"input":"1"}}`)))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"gpt-4": "prefix", "GPT-4": "prefix", "gpt-exact": "exact", "gpt-exact-not": "prefix", "a-flash": "suffix",
		"us.claude.x": "part", "o3": "pattern", "O3-mini": "pattern", "o2": "", "o33": "", "x-y": "all", "xy": "all", "x": "",
		"p": "any", "quite": "any", "itself": "Itself", "itself-20260101": "Itself", "itself@20260101": "Itself",
		"itself-2026-01-01": "Itself", "itself-2026": "", "lab/itself": "Itself", "": "",
	} {
		e, ok := c.Find("lab", name, time.Time{})
		if got := ""; ok {
			if got = e.Model(); got != want {
				t.Errorf("Find(%q) = %q, want %q", name, got, want)
			}
		} else if want != "" {
			t.Errorf("Find(%q) found nothing, want %q", name, want)
		}
	}
}

// A service tier with rates of its own does not make a long call cheaper than the
// long context by itself.
func TestModeInALongContext(t *testing.T) {
	c, err := price.Load([]byte(list(`{"id":"m","rates":{"input":"1","output":"4"},"tiers":[{"over":1000,"rates":{"input":"2"}}],
		"modes":{"flex":{"rates":{"input":"0.5","output":"2"}},"fast":{"rates":{"input":"6","output":"24"}}}}`)))
	if err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[string]money.Nano{
		"":     1001*2000 + 10*4000,
		"flex": 1001*2000 + 10*2000,
		"fast": 1001*6000 + 10*24_000,
	} {
		if r := c.Cost("lab", "m", tiered(mode, n{llm.Input: 1001, llm.Output: 10}), time.Time{}); r.Nano != want {
			t.Errorf("%q costs %d, want %d", mode, r.Nano, want)
		}
	}
}

// A caller can ask for any number of names; what is remembered of them is bounded.
func TestFindRemembersLittle(t *testing.T) {
	c, err := price.Load([]byte(list(`{"id":"m","match":["m*"],"rates":{"input":"1"}}`)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3000 {
		name := fmt.Sprintf("m%d", i)
		if _, ok := c.Find("lab", name, time.Time{}); !ok {
			t.Fatalf("Find(%q) found nothing", name)
		}
	}
	if got := c.Remembered("lab"); got > 1024 || got < 100 {
		t.Errorf("%d names are remembered", got)
	}
}

func FuzzLoad(f *testing.F) {
	data, err := os.ReadFile("catalogue.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data[:4000])
	f.Add([]byte(list(`{"id":"m","match":["/a+/","*b","c*",{"all":["d"]}],"rates":{"input":"1","output":"2"},"tiers":[{"over":5,"rates":{"input":"2"}}],"then":[{"from":"2026-01-01","window":"01:00-02:00","rates":{"input":"3"}}],"modes":{"flex":{"times":"0.5"}},"geos":{"us":{"times":"1.1"}}}`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := price.Load(data)
		if err != nil {
			return
		}
		u := &llm.Usage{ServiceTier: "flex", Geo: "us"}
		for q := range u.N {
			u.N[q] = int64(q) * 1000
		}
		most := &price.Most{ServiceTier: "flex", Geo: "us", Sound: true, Pictures: true, Video: true, Counts: u.N}
		for _, p := range c.Providers() {
			for _, e := range c.Entries(p) {
				cost, ceiling := e.Cost(u, time.Time{}), e.Ceiling(u.InputTokens(), u.OutputTokens(), most)
				if cost < 0 || cost > ceiling {
					t.Errorf("%s costs %d, at most %d", e.ID(), cost, ceiling)
				}
			}
			c.Find(p, "a/B.c-2026-01-01", time.Time{})
		}
		file, err := price.ParseFile(data)
		if err != nil {
			t.Fatalf("Load reads what ParseFile does not: %v", err)
		}
		text, err := file.Format()
		if err != nil {
			t.Fatal(err)
		}
		again, err := price.Load(text)
		if err != nil {
			t.Fatalf("Load does not read what Format wrote: %v", err)
		}
		file2, err := price.ParseFile(text)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := file2.Format(); err != nil || string(twice) != string(text) || again.Version() != file2.Version {
			t.Errorf("Format does not settle (%v)", err)
		}
	})
}
