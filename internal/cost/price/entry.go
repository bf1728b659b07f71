package price

import (
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
)

// Entry is what one model costs. It never changes, and is safe for concurrent use.
type Entry struct {
	id, provider, model, name string
	context, maxOutput        int64
	modes                     []string // modes[0] is "": the default tier and speed
	geos                      []string // geos[0] is "": anywhere
	periods                   []period
	// bounded says that an override made the entry: outside its periods the price
	// is otherwise's, or not known where that is nil.
	bounded   bool
	otherwise *Entry
}

// period is a price while it is in force.
type period struct {
	from, until int64   // Unix seconds; 0: open
	start, end  int32   // seconds of the day, UTC; equal: all day
	also        *period // a further condition, of which only the times count; may be nil
	tiers       []tier
}

// tier is a price for calls of more than over input tokens. sheets is indexed by
// mode, then by geo.
type tier struct {
	over   int64
	sheets []*sheet
}

// ID names the entry in records: "openai/gpt-4o".
func (e *Entry) ID() string { return e.id }

// Provider returns the provider whose list the entry is on.
func (e *Entry) Provider() string { return e.provider }

// Model returns the model's id on its provider's list.
func (e *Entry) Model() string { return e.model }

// Name returns the model's name for people; it may be the id.
func (e *Entry) Name() string { return e.name }

// Context returns the model's context window in tokens; 0: not known.
func (e *Entry) Context() int64 { return e.context }

// MaxOutput returns the most tokens that the model writes; 0: not known.
func (e *Entry) MaxOutput() int64 { return e.maxOutput }

// Modes returns the service tiers and speeds that have prices of their own.
func (e *Entry) Modes() []string { return append([]string(nil), e.modes[1:]...) }

func (p *period) active(at time.Time) bool {
	s := at.Unix()
	if (p.from != 0 && s < p.from) || (p.until != 0 && s >= p.until) {
		return false
	}
	if p.start != p.end {
		day := int32(((s % 86400) + 86400) % 86400)
		after, before := p.start <= day, day < p.end
		if p.start < p.end && !(after && before) || p.start > p.end && !after && !before {
			return false
		}
	}
	return p.also == nil || p.also.active(at)
}

// periodAt is the last price in force at the moment, else the first.
func (e *Entry) periodAt(at time.Time) *period {
	for i := len(e.periods) - 1; i > 0; i-- {
		if e.periods[i].active(at) {
			return &e.periods[i]
		}
	}
	return &e.periods[0]
}

func (p *period) tierOf(input int64) *tier {
	for i := len(p.tiers) - 1; i > 0; i-- {
		if input > p.tiers[i].over {
			return &p.tiers[i]
		}
	}
	return &p.tiers[0]
}

// find returns the index of name in list, or -1. The words that providers use
// for the ordinary case are all index 0.
func find(list []string, name string) int {
	switch name {
	case "", "default", "standard", "auto", "global", "not_available":
		return 0
	}
	for i, known := range list {
		if i > 0 && strings.EqualFold(known, name) {
			return i
		}
	}
	switch {
	case strings.EqualFold(name, "standard"), strings.EqualFold(name, "default"), strings.EqualFold(name, "auto"),
		strings.EqualFold(name, "on_demand"), strings.EqualFold(name, "standard_only"):
		return 0
	}
	return -1
}

// situation is the index of the sheet for a service tier, speed and region, and
// whether the catalogue knows them all. A speed's price comes before a tier's.
func (e *Entry) situation(serviceTier, speed, geo string) (at int, known bool) {
	t, s, g := find(e.modes, serviceTier), find(e.modes, speed), find(e.geos, geo)
	known = t >= 0 && s >= 0 && g >= 0
	if s > 0 {
		t = s
	}
	return max(t, 0)*len(e.geos) + max(g, 0), known
}

// sheetFor returns the prices of u at the moment.
func (e *Entry) sheetFor(u *llm.Usage, at time.Time) (*sheet, bool) {
	i, known := e.situation(u.ServiceTier, u.Speed, u.Geo)
	return e.periodAt(at).tierOf(u.InputTokens()).sheets[i], known
}

// add adds the price of u, without the part of other models, to sum. It returns
// the quantities that have no price.
func (s *sheet) add(sum *money.Sum, u *llm.Usage) (missing set) {
	var used set
	for q, n := range u.N {
		if n > 0 {
			used.add(llm.Quantity(q))
			s.charge(sum, llm.Quantity(q), n)
		}
	}
	if n := s.unsaidRequests(u); n > 0 && used != 0 {
		s.charge(sum, llm.Requests, n)
	}
	return s.missing(used)
}

// unsaidRequests is 1 for a model with a fee per request whose usage does not
// count requests: the call is one.
func (s *sheet) unsaidRequests(u *llm.Usage) int64 {
	if u.N[llm.Requests] == 0 && s.rate[llm.Requests] > 0 {
		return 1
	}
	return 0
}

// Cost returns what u cost at the moment of the call, rounded once, half to even.
// What other models used within the call (u.Others) is not in it: see
// Catalogue.Cost. Quantities without a price count nothing: see CostWith.
func (e *Entry) Cost(u *llm.Usage, at time.Time) money.Nano {
	s, _ := e.sheetFor(u, at)
	var sum money.Sum
	s.add(&sum, u)
	return sum.Nano()
}

// Line is one line of an explained cost.
type Line struct {
	Entry    *Entry
	Quantity llm.Quantity
	Count    int64
	Rate     money.Rate   // femto-dollars per unit; per minute or hour where Per says so
	Per      string       // what people call the unit of the price: "million tokens"
	Via      llm.Quantity // whose rate it is: Quantity itself, or its substitute
	Cost     money.Nano   // rounded by itself; the sum of lines may differ in the last digits
}

// CostWith is Cost with a line for every quantity and the quantities that have no
// price. It explains; it is not for the call path.
func (e *Entry) CostWith(u *llm.Usage, at time.Time) Result {
	s, known := e.sheetFor(u, at)
	var sum money.Sum
	missing := s.add(&sum, u)
	return Result{
		Nano: sum.Nano(), Entry: e, Priced: true, Missing: missing.list(), UnknownTier: !known,
		Lines: e.lines(nil, s, u),
	}
}

func (e *Entry) lines(lines []Line, s *sheet, u *llm.Usage) []Line {
	counts := u.N
	if n := s.unsaidRequests(u); n > 0 && counts != [llm.NumQuantities]int64{} {
		counts[llm.Requests] = n
	}
	for q := range llm.NumQuantities {
		if counts[q] <= 0 || !s.known.has(q) {
			continue
		}
		var sum money.Sum
		s.charge(&sum, q, counts[q])
		lines = append(lines, Line{
			Entry: e, Quantity: q, Count: counts[q], Rate: s.rate[q], Per: units[q].per, Via: s.via[q], Cost: sum.Nano(),
		})
	}
	return lines
}

// Rates returns the prices in force for an ordinary call of so many input tokens
// in a service tier or speed ("": the default), as the catalogue gives them,
// substitutes left out.
func (e *Entry) Rates(mode string, input int64, at time.Time) Rates {
	i, _ := e.situation(mode, "", "")
	s := e.periodAt(at).tierOf(input).sheets[i]
	out := Rates{}
	for q := range llm.NumQuantities {
		if s.known.has(q) && s.via[q] == q {
			out[units[q].key] = units[q].format(s.rate[q])
		}
	}
	return out
}
