package sim_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/png"
	"mime/multipart"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/sim"
)

func form(t *testing.T, s *sim.Server, path, fileName, data string, fields ...string) *httptest.ResponseRecorder {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", fileName)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte(data)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return post(t, s, path, b.String(), "Content-Type", w.FormDataContentType())
}

func TestModels(t *testing.T) {
	s := sim.New(options())
	tests := map[string]struct {
		path, header, query string
		want                int64
	}{
		"openai":    {"/v1/models", "", "data.#", 5},
		"bare":      {"/models", "", "data.#", 5},
		"anthropic": {"/v1/models", "2023-06-01", `data.#(type=="model")#|#`, 5},
		"gemini":    {"/v1beta/models", "", "models.#", 5},
	}
	for name, tt := range tests {
		w := get(t, s, "GET", tt.path, "anthropic-version", tt.header)
		if got := gjson.Get(w.Body.String(), tt.query).Int(); got != tt.want {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if w := get(t, s, "GET", "/v1/models/sim%2Flarge"); gjson.Get(w.Body.String(), "id").Str != "large" {
		t.Errorf("one model: %d %s", w.Code, w.Body)
	}
	if w := get(t, s, "GET", "/v1/models/none"); w.Code != 404 {
		t.Errorf("unknown model: %d", w.Code)
	}
	if w := get(t, s, "GET", chatPath); w.Code != 405 {
		t.Errorf("GET of chat: %d", w.Code)
	}
	if w := post(t, s, "/v1/messages", "{}"); w.Code != 501 || gjson.Get(w.Body.String(), "type").Str != "error" {
		t.Errorf("without a codec: %d %s", w.Code, w.Body)
	}
	if w := get(t, s, "GET", "/_sim/faults"); gjson.Get(w.Body.String(), "faults.#").Int() != int64(len(sim.Faults())) {
		t.Errorf("faults: %s", w.Body)
	}
}

func TestCompletions(t *testing.T) {
	s := sim.New(options())
	w := post(t, s, "/v1/completions", `{"model":"small","prompt":"once upon","max_tokens":9}`)
	whole := gjson.Parse(w.Body.String())
	if whole.Get("usage.completion_tokens").Int() != 9 || whole.Get("choices.0.finish_reason").Str != "length" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = post(t, s, "/v1/completions", `{"model":"small","prompt":["once upon"],"max_tokens":9,"stream":true,"stream_options":{"include_usage":true}}`)
	text := ""
	for line := range strings.SplitSeq(w.Body.String(), "\n\n") {
		text += gjson.Get(strings.TrimPrefix(line, "data: "), "choices.0.text").Str
	}
	if text != whole.Get("choices.0.text").Str || !strings.HasSuffix(w.Body.String(), "data: [DONE]\n\n") || strings.Count(w.Body.String(), `"usage"`) != 1 {
		t.Errorf("stream says %q: %s", text, w.Body)
	}
}

func TestModerations(t *testing.T) {
	s := sim.New(options())
	w := post(t, s, "/v1/moderations", `{"model":"m","input":["a lovely day",{"type":"text","text":"I will KILL you"}]}`)
	r := gjson.Parse(w.Body.String())
	if r.Get("results.0.flagged").Bool() || !r.Get("results.1.flagged").Bool() || !r.Get("results.1.categories.violence").Bool() {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestImagesAndSound(t *testing.T) {
	s := sim.New(options())
	w := post(t, s, "/v1/images/generations", `{"prompt":"a fox","n":2}`)
	raw, err := base64.StdEncoding.DecodeString(gjson.Get(w.Body.String(), "data.1.b64_json").Str)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(raw)); err != nil {
		t.Errorf("image: %v", err)
	}
	if again := post(t, s, "/v1/images/generations", `{"prompt":"a fox","n":2}`); again.Body.String() != w.Body.String() {
		t.Error("the same prompt made another image")
	}
	sound := post(t, s, "/v1/audio/speech", `{"input":"hello, this is a test","voice":"x"}`)
	if b := sound.Body.String(); !strings.HasPrefix(b, "RIFF") || b[8:12] != "WAVE" || sound.Header().Get("Content-Type") != "audio/wav" {
		t.Errorf("speech: %d %.20q", sound.Code, b)
	}
	heard := form(t, s, "/v1/audio/transcriptions", "a.wav", sound.Body.String(), "model", "small")
	if gjson.Get(heard.Body.String(), "text").Str == "" || gjson.Get(heard.Body.String(), "usage.seconds").Int() != 1 {
		t.Errorf("transcription: %d %s", heard.Code, heard.Body)
	}
}

func TestFilesAndBatches(t *testing.T) {
	now := epoch
	o := options()
	o.Now = func() time.Time { return now }
	o.BatchDelay = 10 * time.Second
	s := sim.New(o)
	line := func(id, url, body string) string {
		return fmt.Sprintf(`{"custom_id":%q,"method":"POST","url":%q,"body":%s}`+"\n", id, url, body)
	}
	input := line("one", chatPath, request("echo", "first", "")) + line("two", chatPath, `{"messages":[]}`) + "\n" + line("three", "/v1/nothing", "{}")
	up := gjson.Parse(form(t, s, "/v1/files", "in.jsonl", input, "purpose", "batch").Body.String())
	file := up.Get("id").Str
	if file == "" || up.Get("bytes").Int() != int64(len(input)) || up.Get("purpose").Str != "batch" {
		t.Fatalf("upload %s", up.Raw)
	}
	if w := get(t, s, "GET", "/v1/files/"+file+"/content"); w.Body.String() != input {
		t.Errorf("content %q", w.Body)
	}
	if w := get(t, s, "GET", "/v1/files"); gjson.Get(w.Body.String(), "data.0.id").Str != file {
		t.Errorf("list %s", w.Body)
	}
	made := gjson.Parse(post(t, s, "/v1/batches", `{"input_file_id":"`+file+`","endpoint":"/v1/chat/completions","completion_window":"24h","metadata":{"k":"v"}}`).Body.String())
	path := "/v1/batches/" + made.Get("id").Str
	if made.Get("status").Str != "in_progress" || made.Get("metadata.k").Str != "v" || made.Get("request_counts.total").Int() != 3 {
		t.Fatalf("batch %s", made.Raw)
	}
	now = now.Add(5 * time.Second)
	if w := get(t, s, "GET", path); gjson.Get(w.Body.String(), "status").Str != "in_progress" {
		t.Errorf("too early: %s", w.Body)
	}
	now = now.Add(5 * time.Second)
	ready := gjson.Parse(get(t, s, "GET", path).Body.String())
	if ready.Get("status").Str != "completed" || ready.Get("request_counts.completed").Int() != 1 || ready.Get("request_counts.failed").Int() != 2 {
		t.Fatalf("batch %s", ready.Raw)
	}
	out := strings.Split(strings.TrimSpace(get(t, s, "GET", "/v1/files/"+ready.Get("output_file_id").Str+"/content").Body.String()), "\n")
	if len(out) != 3 || gjson.Get(out[0], "response.body.choices.0.message.content").Str != "first" || gjson.Get(out[0], "custom_id").Str != "one" ||
		gjson.Get(out[1], "response.status_code").Int() != 400 || gjson.Get(out[2], "response.status_code").Int() != 404 {
		t.Errorf("output %q", out)
	}
	other := gjson.Parse(post(t, s, "/v1/batches", `{"input_file_id":"`+file+`","endpoint":"/v1/chat/completions"}`).Body.String()).Get("id").Str
	if w := post(t, s, "/v1/batches/"+other+"/cancel", ""); gjson.Get(w.Body.String(), "status").Str != "cancelled" {
		t.Errorf("cancel %s", w.Body)
	}
	if w := get(t, s, "GET", "/v1/batches"); gjson.Get(w.Body.String(), "data.#").Int() != 2 {
		t.Errorf("batches %s", w.Body)
	}
	if w := get(t, s, "DELETE", "/v1/files/"+file); !gjson.Get(w.Body.String(), "deleted").Bool() {
		t.Errorf("delete %s", w.Body)
	}
	for _, path := range []string{"/v1/files/" + file, "/v1/files/" + file + "/content", "/v1/batches/none"} {
		if w := get(t, s, "GET", path); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := post(t, s, "/v1/batches", `{"input_file_id":"none","endpoint":"/v1/chat/completions"}`); w.Code != 400 {
		t.Errorf("batch of nothing: %d", w.Code)
	}
	if w := post(t, s, "/v1/files", "no form"); w.Code != 400 || !json.Valid(w.Body.Bytes()) {
		t.Errorf("no form: %d %s", w.Code, w.Body)
	}
}
