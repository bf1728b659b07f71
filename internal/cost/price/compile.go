package price

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
)

// mode is a compiled Mode.
type mode struct {
	times  factor
	except set
	rates  table
}

func compileMode(where string, m Mode) (mode, error) {
	out := mode{times: one}
	var err error
	if out.times, err = parseFactor(where, "times", m.Times); err != nil {
		return out, err
	}
	for _, key := range m.Except {
		q, ok := quantityOf(key)
		if !ok {
			return out, invalid(where, "except", "nothing is charged by the name %q", key).
				Hinted("use one of %s", strings.Join(rateNames(), ", "))
		}
		out.except.add(q)
	}
	out.rates, err = parseRates(where, m.Rates)
	return out, err
}

// apply returns t as it is in mode m. A mode's own rates hold at any length of
// context, but never below what a longer context, whose rates are longer, costs by
// default: price lists rarely say what both together cost.
func (m *mode) apply(t table, longer set) table {
	usual := t.rate
	t = t.over(&m.rates)
	for q := range t.rate {
		if longer.has(llm.Quantity(q)) && m.rates.given.has(llm.Quantity(q)) {
			t.rate[q] = max(t.rate[q], usual[q])
		}
	}
	for q := range t.rate {
		if units[q].token && !m.except.has(llm.Quantity(q)) && !m.rates.given.has(llm.Quantity(q)) {
			t.rate[q] = m.times.scale(t.rate[q])
		}
	}
	return t
}

// modeSet is named modes in order of name; index 0 is no mode at all.
type modeSet struct {
	names []string
	modes []mode
}

func compileModes(where string, lists ...map[string]Mode) (modeSet, error) {
	all := map[string]Mode{}
	for _, l := range lists {
		maps.Copy(all, l)
	}
	s := modeSet{names: []string{""}, modes: []mode{{times: one}}}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if name == "" || find(nil, name) == 0 {
			return s, invalid(where, "modes", "%q is the default, not a mode of its own", name)
		}
		m, err := compileMode(where+" "+name, all[name])
		if err != nil {
			return s, err
		}
		s.names, s.modes = append(s.names, name), append(s.modes, m)
	}
	return s, nil
}

// context is what a provider gives to each of its models.
type context struct {
	provider string
	rates    table
	modes    map[string]Mode
	geos     map[string]Mode
	// shared are the provider's own modes compiled, for models without their own.
	sharedModes, sharedGeos modeSet
}

func newContext(p *FileProvider) (c context, err error) {
	c = context{provider: p.ID, modes: p.Modes, geos: p.Geos}
	if c.rates, err = parseRates(p.ID, p.Rates); err != nil {
		return c, err
	}
	if c.sharedModes, err = compileModes(p.ID, p.Modes); err != nil {
		return c, err
	}
	c.sharedGeos, err = compileModes(p.ID, p.Geos)
	return c, err
}

// compile makes an entry of m. It returns nil where m has no price at all.
func (c *context) compile(m *FileModel) (*Entry, error) {
	where := c.provider + "/" + m.ID
	if m.Rates == nil && len(m.Then) == 0 {
		return nil, nil
	}
	if m.Context < 0 || m.MaxOutput < 0 {
		return nil, invalid(where, "context", "a number of tokens is negative")
	}
	modes, geos := c.sharedModes, c.sharedGeos
	var err error
	if m.Modes != nil {
		if modes, err = compileModes(where, c.modes, m.Modes); err != nil {
			return nil, err
		}
	}
	if m.Geos != nil {
		if geos, err = compileModes(where, c.geos, m.Geos); err != nil {
			return nil, err
		}
	}
	e := &Entry{
		id: where, provider: c.provider, model: m.ID, name: m.Name,
		context: m.Context, maxOutput: m.MaxOutput,
		modes: modes.names, geos: geos.names,
		periods: make([]period, 0, 1+len(m.Then)),
	}
	if e.name == "" {
		e.name = m.ID
	}
	for i := range 1 + len(m.Then) {
		fp := &m.FilePrice
		if i > 0 {
			fp = &m.Then[i-1]
		}
		p, err := c.compilePrice(where, fp, modes.modes, geos.modes)
		if err != nil {
			return nil, err
		}
		e.periods = append(e.periods, p)
	}
	return e, nil
}

func (c *context) compilePrice(where string, fp *FilePrice, modes, geos []mode) (p period, err error) {
	if fp.Rates == nil {
		return p, invalid(where, "rates", "a price has no rates").Hinted("a free model has rates of \"0\"")
	}
	if p.from, err = day(where, "from", fp.From); err != nil {
		return p, err
	}
	if p.until, err = day(where, "until", fp.Until); err != nil {
		return p, err
	}
	if p.until != 0 && p.until <= p.from {
		return p, invalid(where, "until", "%s is not after %s", fp.Until, fp.From)
	}
	if p.start, p.end, err = window(where, fp.Window); err != nil {
		return p, err
	}
	own, err := parseRates(where, fp.Rates)
	if err != nil {
		return p, err
	}
	base := c.rates.over(&own)
	p.tiers = append(make([]tier, 0, 1+len(fp.Tiers)), tier{over: -1, sheets: sheets(base, 0, modes, geos)})
	var longer set
	for _, ft := range fp.Tiers {
		if ft.Over <= p.tiers[len(p.tiers)-1].over || ft.Over <= 0 {
			return p, invalid(where, "tiers", "over %d does not come after the tier before it", ft.Over)
		}
		more, err := parseRates(where, ft.Rates)
		if err != nil {
			return p, err
		}
		base = base.over(&more)
		longer |= more.given
		p.tiers = append(p.tiers, tier{over: ft.Over, sheets: sheets(base, longer, modes, geos)})
	}
	return p, nil
}

func sheets(base table, longer set, modes, geos []mode) []*sheet {
	out := make([]*sheet, 0, len(modes)*len(geos))
	for i := range modes {
		inMode := modes[i].apply(base, longer)
		for j := range geos {
			inGeo := geos[j].apply(inMode, longer)
			out = append(out, inGeo.settle())
		}
	}
	return out
}

func day(where, field, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, invalid(where, field, "%q is not a day", text).Hinted("write it as 2026-11-25")
	}
	return t.Unix(), nil
}

func window(where, text string) (start, end int32, err error) {
	if text == "" {
		return 0, 0, nil
	}
	from, to, ok := strings.Cut(text, "-")
	start, ok1 := clock(from)
	end, ok2 := clock(to)
	if !ok || !ok1 || !ok2 || start == end {
		return 0, 0, invalid(where, "window", "%q is not a time of day", text).Hinted("write it as 00:30-16:30, in UTC")
	}
	return start, end, nil
}

func clock(s string) (int32, bool) {
	h, m, ok := strings.Cut(s, ":")
	if !ok || len(h) != 2 || len(m) != 2 {
		return 0, false
	}
	hh, err1 := strconv.ParseUint(h, 10, 8)
	mm, err2 := strconv.ParseUint(m, 10, 8)
	if err1 != nil || err2 != nil || hh > 24 || mm > 59 || (hh == 24 && mm != 0) {
		return 0, false
	}
	return int32(hh*3600 + mm*60), true
}

// format writes a rate as a Rates value.
func (u *unit) format(r money.Rate) string {
	text := ""
	switch u.per {
	case "million tokens", "million characters":
		text = r.PerMillionString()
	case "thousand":
		text = perThousandString(r)
	default:
		text = r.PerUnitString()
	}
	return text
}

// perThousandString is PerMillionString for prices per thousand.
func perThousandString(r money.Rate) string {
	s := fmt.Sprintf("%013d", r)
	whole, frac := s[:len(s)-12], strings.TrimRight(s[len(s)-12:], "0")
	for len(frac) < 2 {
		frac += "0"
	}
	return whole + "." + frac
}

// wrap says which catalogue an error is about, keeping its kind and hint.
func wrap(err error, format string, args ...any) error {
	f := fault.As(err)
	c := *f
	c.Message = fmt.Sprintf(format, args...) + ": " + f.Message
	return &c
}
