package client_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/client"
)

func TestTableRowIsOneFlatObject(t *testing.T) {
	tests := map[string]struct {
		text string
		want client.TableRow
		ok   bool
	}{
		"exact figures": {`{"model":"gpt-5","cost":9007199254740993}`,
			client.TableRow{Keys: map[string]string{"model": "gpt-5"}, Values: map[string]client.Figure{"cost": "9007199254740993"}}, true},
		"none is not zero": {`{"cost":null,"calls":0}`,
			client.TableRow{Keys: map[string]string{}, Values: map[string]client.Figure{"cost": "", "calls": "0"}}, true},
		"the period before": {`{"calls":1,"previous":{"calls":0.5}}`,
			client.TableRow{Keys: map[string]string{}, Values: map[string]client.Figure{"calls": "1"}, Previous: map[string]client.Figure{"calls": "0.5"}}, true},
		"a list":                  {`[1]`, client.TableRow{}, false},
		"a figure that is a list": {`{"calls":[1]}`, client.TableRow{}, false},
		"an object of its own":    {`{"calls":{"calls":1}}`, client.TableRow{}, false},
		"a truth":                 {`{"calls":true}`, client.TableRow{}, false},
		"a text of before":        {`{"previous":{"calls":"1"}}`, client.TableRow{}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got client.TableRow
			err := json.Unmarshal([]byte(tt.text), &got)
			if (err == nil) != tt.ok {
				t.Fatalf("%s is read with %v", tt.text, err)
			}
			if diff := cmp.Diff(tt.want, got); tt.ok && diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFigure(t *testing.T) {
	tests := map[client.Figure]struct {
		n  int64
		x  float64
		ok bool
	}{
		"9007199254740993": {9007199254740993, 9007199254740992, true},
		"0.75":             {0, 0.75, true},
		"-3":               {-3, -3, true},
		"":                 {0, 0, false},
	}
	for f, want := range tests {
		n, ok := f.Int()
		x, also := f.Float()
		if n != want.n || x != want.x || ok != want.ok || also != want.ok {
			t.Errorf("%q is %d, %v (%v, %v); want %+v", f, n, x, ok, also, want)
		}
	}
}

func FuzzTableRow(f *testing.F) {
	f.Add([]byte(`{"model":"gpt-5","cost":1,"p95(latency)":null,"previous":{"cost":2.5}}`))
	f.Add([]byte(`{"tag.\"a\"":"\ud800","x":-0}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r, again client.TableRow
		if json.Unmarshal(b, &r) != nil {
			return
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatalf("%q cannot be written: %v", b, err)
		}
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatalf("%s cannot be read again: %v", text, err)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Error(diff)
		}
	})
}
