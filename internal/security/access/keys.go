package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"hash"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
)

const (
	secretHead   = "sk-steward-"
	secretDigits = 43 // base 62 digits that hold 256 bits
	secretLen    = len(secretHead) + secretDigits
	visibleLen   = 16 // of a secret's characters in lists: 5 random ones, 30 of 256 bits
	maxName      = 128
	maxModels    = 1000
	base62       = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	createHint   = "create one with: steward key create"
)

// Keys is the service of virtual API keys. All keys are in memory, so that
// Authenticate never waits for the store; a change goes to the store first, and
// is in force when the method returns. It is safe for concurrent use.
type Keys struct {
	store  Store
	now    func() time.Time
	source *ident.Source
	macs   sync.Pool // of *mac

	mu    sync.Mutex // one change at a time
	table atomic.Pointer[table]
}

// table is every key at one moment. It is never changed, but replaced.
type table struct {
	byHash map[[sha256.Size]byte]*held
	byID   map[string]*held
}

type held struct {
	StoredKey
	grant *Grant
}

// mac is a keyed hash with room for its input and output, so that one
// authentication allocates nothing.
type mac struct {
	hash.Hash
	in  [secretLen]byte
	out [sha256.Size]byte
}

// Open loads every key from the store. The pepper is the installation's secret,
// under which secrets are hashed: at least 32 bytes, kept outside the store.
func Open(ctx context.Context, store Store, pepper []byte, now func() time.Time) (*Keys, error) {
	if len(pepper) < 32 {
		return nil, fault.New(fault.Invalid, "pepper_too_short", "the key pepper has %d bytes; at least 32 are needed", len(pepper))
	}
	pepper = slices.Clone(pepper)
	k := &Keys{store: store, now: now, source: ident.NewSource()}
	k.macs.New = func() any { return &mac{Hash: hmac.New(sha256.New, pepper)} }
	if err := k.Reload(ctx); err != nil {
		return nil, err
	}
	return k, nil
}

// Reload takes over what the store holds, for changes that another node made.
func (k *Keys) Reload(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	stored, err := k.store.Keys(ctx)
	if err != nil {
		return fmt.Errorf("load keys: %w", err)
	}
	t := &table{byHash: make(map[[sha256.Size]byte]*held, len(stored)), byID: make(map[string]*held, len(stored))}
	for _, s := range stored {
		t.put(s)
	}
	k.table.Store(t)
	return nil
}

// put adds or replaces a key. Only for a table that nobody else sees yet.
func (t *table) put(s StoredKey) {
	h := &held{StoredKey: s, grant: &Grant{
		Principal: ident.Principal{Org: s.Org, Team: s.Team, Project: s.Project, Key: s.ID, KeyName: s.Name},
		Models:    s.Models,
		Expires:   s.Expires,
	}}
	t.byHash[s.Hash], t.byID[s.ID] = h, h
}

// publish replaces the table by one in which s stands. k.mu is held.
func (k *Keys) publish(s StoredKey) {
	old := k.table.Load()
	t := &table{byHash: maps.Clone(old.byHash), byID: maps.Clone(old.byID)}
	t.put(s)
	k.table.Store(t)
}

// Authenticate returns what the secret's key allows. It reads memory only. Its
// errors are fault.Unauthenticated: invalid_api_key for a secret that no key has
// (and nothing more is said), revoked_api_key or expired_api_key for one that a
// key had. The secret is in no error.
func (k *Keys) Authenticate(secret string) (*Grant, error) {
	if secret == "" {
		return nil, fault.New(fault.Unauthenticated, "invalid_api_key", "no API key was given").Hinted(createHint)
	}
	if len(secret) != secretLen || !strings.HasPrefix(secret, secretHead) {
		return nil, invalidKey()
	}
	h, ok := k.table.Load().byHash[k.hash(secret)]
	if !ok {
		return nil, invalidKey()
	}
	if h.Revoked != 0 {
		return nil, fault.New(fault.Unauthenticated, "revoked_api_key", "this API key was revoked").Hinted(createHint)
	}
	if h.Expires != 0 && k.now().UnixMicro() >= h.Expires {
		if h.Replaced != "" {
			return nil, fault.New(fault.Unauthenticated, "expired_api_key", "this API key was replaced and has expired").
				Hinted("use the secret of %s, or %s", h.Replaced, createHint)
		}
		return nil, fault.New(fault.Unauthenticated, "expired_api_key", "this API key has expired").Hinted(createHint)
	}
	return h.grant, nil
}

func invalidKey() error {
	return fault.New(fault.Unauthenticated, "invalid_api_key", "the API key is not known here").Hinted(createHint)
}

// hash returns the secret's HMAC-SHA-256 under the pepper.
func (k *Keys) hash(secret string) [sha256.Size]byte {
	m := k.macs.Get().(*mac)
	m.Reset()
	m.Write(m.in[:copy(m.in[:], secret)])
	m.Sum(m.out[:0])
	sum := m.out
	clear(m.in[:])
	k.macs.Put(m)
	return sum
}

// List returns every key, oldest first.
func (k *Keys) List() []Key {
	t := k.table.Load()
	list := make([]Key, 0, len(t.byID))
	for _, h := range t.byID {
		list = append(list, h.copy())
	}
	slices.SortFunc(list, func(a, b Key) int {
		if a.Created != b.Created {
			return int(max(-1, min(1, a.Created-b.Created)))
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list
}

// Get returns one key; fault.NotFound if there is none.
func (k *Keys) Get(id string) (Key, error) {
	h, ok := k.table.Load().byID[id]
	if !ok {
		return Key{}, notFound(id)
	}
	return h.copy(), nil
}

func (h *held) copy() Key {
	key := h.Key
	key.Models = slices.Clone(key.Models)
	return key
}

func notFound(id string) error {
	return fault.New(fault.NotFound, "key_not_found", "there is no key %q", id).Hinted("list them with: steward key list")
}

// Create makes a key and returns it with its secret, which is shown this once
// and kept nowhere.
func (k *Keys) Create(ctx context.Context, n NewKey) (Key, string, error) {
	now := k.now()
	if err := n.check(now); err != nil {
		return Key{}, "", err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.create(ctx, n, now)
}

// create makes a key from a wish that was checked. k.mu is held.
func (k *Keys) create(ctx context.Context, n NewKey, now time.Time) (Key, string, error) {
	secret, err := newSecret()
	if err != nil {
		return Key{}, "", err
	}
	s := StoredKey{Hash: k.hash(secret), Key: Key{
		ID: k.source.New(now).Text("key"), Name: n.Name, Org: n.Org, Team: n.Team, Project: n.Project,
		Prefix: secret[:visibleLen], Models: slices.Clone(n.Models), Created: now.UnixMicro(), Expires: n.Expires,
	}}
	if err := k.store.InsertKey(ctx, s); err != nil {
		return Key{}, "", fmt.Errorf("create key: %w", err)
	}
	k.publish(s)
	return s.Key, secret, nil
}

// Revoke ends a key at once. Revoking it again changes nothing.
func (k *Keys) Revoke(ctx context.Context, id string) (Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	h, ok := k.table.Load().byID[id]
	if !ok {
		return Key{}, notFound(id)
	}
	if h.Revoked != 0 {
		return h.copy(), nil
	}
	s := h.StoredKey
	s.Revoked = k.now().UnixMicro()
	if err := k.store.UpdateKey(ctx, s.Key); err != nil {
		return Key{}, fmt.Errorf("revoke %s: %w", id, err)
	}
	k.publish(s)
	return s.Key, nil
}

// Rotate makes a key in place of id, with the same name, place, models and span
// of life, and lets the old one work for overlap (zero: not at all), or until its
// own end if that is sooner. Should the store fail between the two, the old key
// goes on as it was, and a new one stands in the list whose secret nobody has.
func (k *Keys) Rotate(ctx context.Context, id string, overlap time.Duration) (Key, string, error) {
	if overlap < 0 {
		return Key{}, "", fault.New(fault.Invalid, "negative_overlap", "the overlap is %s; it cannot be negative", overlap).At("overlap")
	}
	now := k.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	h, ok := k.table.Load().byID[id]
	switch {
	case !ok:
		return Key{}, "", notFound(id)
	case h.Revoked != 0:
		return Key{}, "", fault.New(fault.Conflict, "key_revoked", "key %s was revoked, so that it cannot be rotated", id).Hinted(createHint)
	case h.Replaced != "":
		return Key{}, "", fault.New(fault.Conflict, "key_rotated", "key %s was replaced by %s already", id, h.Replaced).
			Hinted("rotate %s", h.Replaced)
	case h.Expires != 0 && now.UnixMicro() >= h.Expires:
		return Key{}, "", fault.New(fault.Conflict, "key_expired", "key %s has expired, so that it cannot be rotated", id).Hinted(createHint)
	}
	n := NewKey{Name: h.Name, Org: h.Org, Team: h.Team, Project: h.Project, Models: h.Models}
	if h.Expires != 0 {
		n.Expires = now.UnixMicro() + h.Expires - h.Created
	}
	fresh, secret, err := k.create(ctx, n, now)
	if err != nil {
		return Key{}, "", err
	}
	old := h.StoredKey
	old.Replaced = fresh.ID
	if end := now.Add(overlap).UnixMicro(); old.Expires == 0 || end < old.Expires {
		old.Expires = end
	}
	if err := k.store.UpdateKey(ctx, old.Key); err != nil {
		return Key{}, "", fmt.Errorf("rotate %s: %w", id, err)
	}
	k.publish(old)
	return fresh, secret, nil
}

// check fills in what is missing, and refuses what cannot be.
func (n *NewKey) check(now time.Time) error {
	for _, f := range []struct {
		field string
		value *string
		empty string
	}{{"name", &n.Name, "unnamed"}, {"org", &n.Org, "default"}, {"team", &n.Team, "default"}, {"project", &n.Project, "default"}} {
		*f.value = strings.TrimSpace(*f.value)
		if *f.value == "" {
			*f.value = f.empty
		}
		if len(*f.value) > maxName || strings.ContainsFunc(*f.value, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return fault.New(fault.Invalid, "invalid_"+f.field, "the key's %s must be printable and at most %d bytes long", f.field, maxName).At(f.field)
		}
	}
	if len(n.Models) > maxModels {
		return fault.New(fault.Invalid, "invalid_models", "the key names %d model patterns; %d are allowed", len(n.Models), maxModels).At("models")
	}
	for _, m := range n.Models {
		if head := strings.TrimSuffix(m, "*"); m == "" || strings.ContainsFunc(head, func(r rune) bool { return r == '*' || !unicode.IsGraphic(r) || unicode.IsSpace(r) }) {
			return fault.New(fault.Invalid, "invalid_models", "model pattern %q is not a name, nor one that ends in *", m).
				Hinted(`write "provider/model", "provider/*" or a bare model name`).At("models")
		}
	}
	if n.Expires < 0 || (n.Expires != 0 && n.Expires <= now.UnixMicro()) {
		return fault.New(fault.Invalid, "invalid_expires", "the key would have expired already").At("expires")
	}
	return nil
}

// newSecret returns a secret of 256 random bits. It is letters and digits only,
// so that a double click takes all of it.
func newSecret() (string, error) {
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", fault.New(fault.Internal, "no_randomness", "the system gives no randomness").Because(err)
	}
	digits := make([]byte, secretDigits)
	n, base, digit := new(big.Int).SetBytes(random[:]), big.NewInt(int64(len(base62))), new(big.Int)
	for i := range digits {
		n.QuoRem(n, base, digit)
		digits[len(digits)-1-i] = base62[digit.Int64()]
	}
	return secretHead + string(digits), nil
}
