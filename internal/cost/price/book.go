package price

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
	"github.com/steward-llmops/steward/internal/record"
)

// What to do with a model that has no price.
const (
	// Allow lets the call pass; its cost is recorded as not known.
	Allow = "allow"
	// Refuse turns the call away before it leaves.
	Refuse = "refuse"
	// Default prices the call at Policy.Default.
	Default = "default"
)

// Policy says what happens to a call to a model that has no price. The zero Policy
// allows it.
type Policy struct {
	Unpriced string // Allow, Refuse or Default; empty means Allow
	Default  Rates  // for Default; needs input and output, or compute_hour
}

// DefaultPriceID is the price id of calls that were priced by Policy.Default.
const DefaultPriceID = "default"

// Book is the catalogue in force and the policy for models that it does not know.
// It is safe for concurrent use, and both can be replaced while calls go on.
type Book struct {
	mu sync.Mutex // guards replacing state
	at atomic.Pointer[page]
}

type page struct {
	catalogue *Catalogue
	policy    Policy
	fallback  *Entry // made of Policy.Default; nil where there is none
}

// NewBook returns a book of c under policy.
func NewBook(c *Catalogue, policy Policy) (*Book, error) {
	b := &Book{}
	p, err := newPage(c, policy)
	if err != nil {
		return nil, err
	}
	b.at.Store(p)
	return b, nil
}

func newPage(c *Catalogue, policy Policy) (*page, error) {
	p := &page{catalogue: c, policy: policy}
	switch policy.Unpriced {
	case "":
		p.policy.Unpriced = Allow
	case Allow, Refuse:
	case Default:
		if _, hour := policy.Default["compute_hour"]; !hour && (policy.Default["input"] == "" || policy.Default["output"] == "") {
			return nil, invalid("default price", "default", "input and output must be given").
				Hinted("unknown models cost what the default says: choose a price that is rather too high")
		}
		ctx := newProvider(DefaultPriceID).context
		e, err := ctx.compile(&FileModel{ID: DefaultPriceID, FilePrice: FilePrice{Rates: policy.Default}})
		if err != nil {
			return nil, err
		}
		e.id = DefaultPriceID
		p.fallback = e
	default:
		return nil, invalid("price policy", "unpriced", "%q is not a policy", policy.Unpriced).
			Hinted("use allow, refuse or default")
	}
	return p, nil
}

// Set replaces the catalogue. Calls that are being priced finish with the old one.
func (b *Book) Set(c *Catalogue) {
	b.mu.Lock()
	defer b.mu.Unlock()
	next := *b.at.Load()
	next.catalogue = c
	b.at.Store(&next)
}

// SetPolicy replaces the policy.
func (b *Book) SetPolicy(policy Policy) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, err := newPage(b.at.Load().catalogue, policy)
	if err != nil {
		return err
	}
	b.at.Store(p)
	return nil
}

// Catalogue returns the catalogue in force.
func (b *Book) Catalogue() *Catalogue { return b.at.Load().catalogue }

// Charge is what a call cost, in the words of its record.
type Charge struct {
	Cost    money.Nano
	Pricing record.Pricing
	PriceID string // entry of the catalogue; empty where the model has no price
	Version string // of the catalogue
	// Missing are quantities that were used and have no price. A charge without
	// them is less than what the provider will ask, so its Pricing is Estimated.
	Missing []llm.Quantity
	// UnknownTier says that the service tier, speed or region has no price of its
	// own, and the ordinary one was taken.
	UnknownTier bool
}

// Price returns what a call cost that used u. The moment at is the call's arrival:
// a call that lives through a change of price pays the price that it came in at,
// which is the one that its ceiling was computed by.
func (b *Book) Price(provider, model string, u *llm.Usage, at time.Time) Charge {
	p := b.at.Load()
	out := Charge{Version: p.catalogue.version}
	if used(u) == 0 && len(u.Others) == 0 {
		out.Pricing = record.Free
		return out
	}
	r := p.catalogue.Cost(provider, model, u, at)
	switch {
	case r.Priced:
		out.Cost, out.PriceID, out.Missing, out.UnknownTier = r.Nano, r.Entry.id, r.Missing, r.UnknownTier
		out.Pricing = record.Priced
		if u.Estimated || r.Missing != nil {
			out.Pricing = record.Estimated
		}
	case p.fallback != nil:
		var sum money.Sum
		s, _ := p.fallback.sheetFor(u, at)
		missing := s.add(&sum, u)
		for i := range u.Others {
			s, _ := p.fallback.sheetFor(&u.Others[i].Usage, at)
			missing |= s.add(&sum, &u.Others[i].Usage)
		}
		out.Cost, out.PriceID, out.Missing = sum.Nano(), p.fallback.id, missing.list()
		out.Pricing = record.Defaulted
	default:
		out.Pricing = record.Unpriced
	}
	return out
}

// Bound is the most that a call can cost.
type Bound struct {
	Nano    money.Nano
	Set     bool // false: the model has no price, and no bound can be given
	Pricing record.Pricing
	PriceID string
	Version string
}

// Ceiling returns the most that a call of at most so many tokens can cost. The
// error is a fault.Denied where the policy refuses models without a price.
func (b *Book) Ceiling(provider, model string, inputTokens, outputTokens int64, m *Most) (Bound, error) {
	p := b.at.Load()
	out := Bound{Version: p.catalogue.version, Pricing: record.Unpriced}
	var at time.Time
	if m != nil {
		at = m.At
	}
	e, ok := p.catalogue.Find(provider, model, at)
	switch {
	case ok:
		out.Pricing = record.Priced
	case p.fallback != nil:
		e, out.Pricing = p.fallback, record.Defaulted
	case p.policy.Unpriced == Refuse:
		return out, fault.New(fault.Denied, "model_unpriced", "no price is known for model %q of provider %q, and unpriced models are refused", model, provider).
			Hinted("give it a price with an override, or set the policy for unpriced models to allow or default").At("model")
	default:
		return out, nil
	}
	out.Nano, out.Set, out.PriceID = e.Ceiling(inputTokens, outputTokens, m), true, e.id
	return out, nil
}
