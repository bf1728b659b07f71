package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/security/access"
	"github.com/steward-llmops/steward/internal/store"
)

func key(n int) access.StoredKey {
	k := access.StoredKey{Key: access.Key{ID: fmt.Sprintf("key_%02d", n), Name: fmt.Sprintf("név %d", n), Org: "acme", Team: "search",
		Project: fmt.Sprintf("p%d", n%2), Prefix: "sk-steward-abcde", Created: int64(1000 + n)}}
	k.Hash[0], k.Hash[31] = byte(n), 0xff
	return k
}

func (e Engine) testReopen(t *testing.T) {
	ctx, open := context.Background(), e.Fresh(t)
	first, err := open()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.InsertKey(ctx, key(1)); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	keys, err := reopen(t, open).Keys(ctx)
	if err != nil || len(keys) != 1 {
		t.Errorf("after opening again there are %d keys, %v", len(keys), err)
	}
}

func (e Engine) testKeys(t *testing.T) {
	ctx, s := context.Background(), e.open(t)
	var want []access.StoredKey
	for n := range 5 {
		k := key(n)
		switch n {
		case 1:
			k.Models = []string{"openai/*", `a"b`}
		case 2:
			k.Expires, k.Revoked, k.Replaced = 1<<60, 7, "key_09"
		}
		want = append(want, k)
	}
	for _, n := range []int{3, 0, 4, 1, 2} { // not in the order of creation
		if err := s.InsertKey(ctx, want[n]); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what string) {
		t.Helper()
		got, err := s.Keys(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	check("keys in order of creation")

	want[3].Expires, want[3].Revoked, want[3].Replaced = 11, 12, "key_13"
	changed := want[3].Key
	changed.Name = "not written"
	if err := s.UpdateKey(ctx, changed); err != nil {
		t.Fatal(err)
	}
	check("an update writes three fields")

	if err := s.UpdateKey(ctx, access.Key{ID: "key_none"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("updating a key that is not there gives %v", err)
	}
	if err := s.InsertKey(ctx, want[0]); !fault.Is(err, fault.Conflict) {
		t.Errorf("inserting a key twice gives %v", err)
	}
	sameHash := key(9)
	sameHash.Hash, sameHash.Project = want[0].Hash, "never"
	if err := s.InsertKey(ctx, sameHash); err == nil {
		t.Error("two keys have one hash")
	}
	check("refused changes change nothing")

	projects, err := s.Projects(ctx)
	if err != nil {
		t.Fatal(err)
	}
	wantProjects := []access.Project{{Org: "acme", Team: "search", Name: "p0", Created: 1000}, {Org: "acme", Team: "search", Name: "p1", Created: 1001}}
	for i := range projects {
		if created := projects[i].Created; created < wantProjects[i].Created {
			t.Errorf("project %s was created at %d, before its first key", projects[i].Name, created)
		}
		projects[i].Created = wantProjects[i].Created
	}
	if diff := cmp.Diff(wantProjects, projects); diff != "" {
		t.Errorf("projects (-want +got):\n%s", diff)
	}

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.InsertKey(cancelled, key(7)); err == nil {
		t.Error("an ended context inserts a key")
	}
	var wg sync.WaitGroup
	for n := 20; n < 40; n++ {
		wg.Go(func() {
			if err := s.InsertKey(ctx, key(n)); err != nil {
				t.Error(err)
			}
			if _, err := s.Keys(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if keys, err := s.Keys(ctx); err != nil || len(keys) != 25 {
		t.Errorf("after 20 inserts at once there are %d keys, %v; want 25", len(keys), err)
	}
}

func (e Engine) testPrices(t *testing.T) {
	ctx, s := context.Background(), e.open(t)
	price := func(model, rates, author string, at int64) store.PriceOverride {
		p := store.PriceOverride{Provider: "openai", Model: model, Author: author, Time: at}
		if rates != "" {
			p.Rates = json.RawMessage(rates)
		}
		return p
	}
	a1, a2 := price("a", `{"input":"1"}`, "ann", 1), price("a", `{"input":"2"}`, "bob", 2)
	b1, b2 := price("b", `{"input":"3"}`, "ann", 3), price("b", "", "bob", 4)
	for _, p := range []store.PriceOverride{a1, b1, a2, b2} {
		if err := s.SetPrice(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Prices(ctx)
	if diff := cmp.Diff([]store.PriceOverride{a2}, got); err != nil || diff != "" {
		t.Errorf("prices that hold: %v (-want +got):\n%s", err, diff)
	}
	got, err = s.PriceHistory(ctx, "openai", "b")
	if diff := cmp.Diff([]store.PriceOverride{b2, b1}, got); err != nil || diff != "" {
		t.Errorf("history: %v (-want +got):\n%s", err, diff)
	}
	for _, p := range []store.PriceOverride{price("", `{}`, "ann", 5), price("a", `{`, "ann", 5)} {
		if err := s.SetPrice(ctx, p); !fault.Is(err, fault.Invalid) {
			t.Errorf("setting %+v gives %v", p, err)
		}
	}
}
