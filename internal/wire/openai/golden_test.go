package openai_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/openai"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden reads testdata/<kind>_<case>.txtar: its file "input" goes through the
// codec, and the other files hold what comes out.
func TestGolden(t *testing.T) {
	kinds := map[string]func(t *testing.T, input []byte) []txtar.File{
		"request":  goldenRequest,
		"response": goldenResponse,
		"stream":   goldenStream,
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, name := range files {
		base := strings.TrimSuffix(filepath.Base(name), ".txtar")
		t.Run(base, func(t *testing.T) {
			kind, _, _ := strings.Cut(base, "_")
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if len(a.Files) == 0 || a.Files[0].Name != "input" || kinds[kind] == nil {
				t.Fatalf("%s: not a golden file", name)
			}
			got := &txtar.Archive{Comment: a.Comment, Files: append([]txtar.File{a.Files[0]}, kinds[kind](t, a.Files[0].Data)...)}
			if *update {
				if err := os.WriteFile(name, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(txtar.Format(a)), string(txtar.Format(got))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		})
	}
}

func goldenRequest(t *testing.T, input []byte) []txtar.File {
	chat := openai.Chat()
	req, err := chat.DecodeRequest(input)
	if err != nil {
		t.Fatal(err)
	}
	body, lost, err := chat.EncodeRequest(req)
	if err != nil {
		t.Fatal(err)
	}
	return []txtar.File{section("decoded", dump(t, req)), section("encoded", indent(t, body)), section("lost", lines(lost))}
}

func goldenResponse(t *testing.T, input []byte) []txtar.File {
	chat := openai.Chat()
	resp, err := chat.DecodeResponse(input)
	if err != nil {
		t.Fatal(err)
	}
	body, lost, err := chat.EncodeResponse(resp, &llm.Request{})
	if err != nil {
		t.Fatal(err)
	}
	return []txtar.File{
		section("decoded", dump(t, resp)), section("usage", usageLines(&resp.Usage)),
		section("encoded", indent(t, body)), section("lost", lines(lost)),
	}
}

func goldenStream(t *testing.T, input []byte) []txtar.File {
	chat := openai.Chat()
	var events, encoded bytes.Buffer
	enc := chat.NewEncoder(&llm.Request{StreamUsage: true})
	failed := false
	for e, err := range chat.DecodeStream(bytes.NewReader(input)) {
		if err != nil {
			f := fault.As(err)
			fmt.Fprintf(&events, "fault %s %s %d: %s\n", f.Kind, f.Code, f.Status, f.Public())
			encoded.Write(enc.Fail(nil, f))
			failed = true
			break
		}
		events.WriteString(eventLine(t, &e))
		encoded.Write(enc.Append(nil, e))
	}
	if !failed {
		encoded.Write(enc.End(nil))
	}
	return []txtar.File{section("events", events.String()), section("encoded", encoded.String()), section("lost", lines(enc.Lost()))}
}

func section(name, data string) txtar.File { return txtar.File{Name: name, Data: []byte(data)} }

func lines(lost llm.Lost) string {
	if len(lost) == 0 {
		return ""
	}
	return strings.Join(lost, "\n") + "\n"
}

func usageLines(u *llm.Usage) string {
	var b strings.Builder
	for q, n := range u.N {
		if n != 0 {
			fmt.Fprintf(&b, "%s %d\n", llm.Quantity(q), n)
		}
	}
	if u.CostReported {
		fmt.Fprintf(&b, "cost %s\n", u.Cost)
	}
	return b.String()
}

func eventLine(t *testing.T, e *llm.Event) string {
	names := [...]string{"start", "part", "delta", "sign", "cite", "logprobs", "end", "usage", "finish", "ping"}
	line := fmt.Sprintf("%s %d", names[e.Kind], e.Index)
	switch e.Kind {
	case llm.EventStart:
		line = fmt.Sprintf("start %s %s %d", e.ID, e.Model, e.Created)
	case llm.EventPart:
		line += " " + oneLine(t, e.Part)
	case llm.EventDelta, llm.EventSign:
		line += fmt.Sprintf(" %q", e.Text)
	case llm.EventCite:
		line += " " + oneLine(t, e.Citation)
	case llm.EventLogProbs:
		line += " " + oneLine(t, e.LogProbs)
	case llm.EventUsage:
		line = "usage " + e.Usage.ServiceTier + " " + strings.ReplaceAll(strings.TrimSpace(usageLines(e.Usage)), "\n", ", ")
	case llm.EventFinish:
		line = "finish " + string(e.Finish)
	}
	return line + "\n"
}

// dump writes v as JSON without its zero values.
func dump(t *testing.T, v any) string {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	out, err := json.MarshalIndent(prune(tree), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out) + "\n"
}

func oneLine(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(dump(t, v))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if x = prune(x); x != nil {
				out[k] = x
			}
		}
		return out
	case []any:
		if len(v) == int(llm.NumQuantities) { // Usage.N has its own lines
			return nil
		}
		for i := range v {
			v[i] = prune(v[i])
		}
		if len(v) == 0 {
			return nil
		}
	case string:
		if v == "" {
			return nil
		}
	case json.Number:
		if v == "0" {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	}
	return v
}

func indent(t *testing.T, body []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", " "); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return b.String() + "\n"
}
