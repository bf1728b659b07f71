package openai_test

import (
	"testing"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/openai"
)

func TestMeasureSurface(t *testing.T) {
	const js = "application/json"
	tests := map[string]struct {
		op, requestType, request, response, responseType string
		want                                             string
		reported                                         bool
	}{
		"legacy completion": {"completions", js, `{}`, `{"id":"c","model":"m","choices":[{"index":0,"text":"abc","finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}`, js,
			"input 3, output 4", true},
		"gpt-image": {"images", js, `{}`, `{"created":1,"data":[{"b64_json":"AA=="}],"usage":{"input_tokens":50,"output_tokens":1056,"total_tokens":1106,"input_tokens_details":{"text_tokens":10,"image_tokens":40}}}`, "application/json; charset=utf-8",
			"input 10, input_image 40, output_image 1056", true},
		"gpt-image with text output": {"images", js, `{}`, `{"data":[{}],"usage":{"input_tokens":5,"output_tokens":100,"input_tokens_details":{"text_tokens":5},"output_tokens_details":{"image_tokens":90,"text_tokens":10}}}`, js,
			"input 5, output 10, output_image 90", true},
		"images with cached input": {"images", js, `{}`, `{"data":[{}],"usage":{"input_tokens":100,"output_tokens":7,"input_tokens_details":{"text_tokens":40,"image_tokens":60,"cached_tokens":50,"cached_tokens_details":{"image_tokens":30,"text_tokens":20}}}}`, js,
			"input 20, input_image 30, cache_read 20, cache_read_image 30, output_image 7", true},
		"dall-e": {"images", js, `{}`, `{"data":[{"url":"u"},{"url":"v"}]}`, js, "images 2", true},
		"speech": {"audio_speech", js, `{"model":"tts-1","input":"Grüße \ud83d\ude00","voice":"v"}`, "\xff\xfb", "audio/mpeg",
			"characters 7", true},
		"speech without JSON":         {"audio_speech", "text/plain", `x`, "\xff", "audio/mpeg", "", false},
		"transcription by tokens":     {"audio_transcription", "multipart/form-data; boundary=x", `--x`, `{"text":"hi","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":4,"audio_tokens":10},"output_tokens":5,"total_tokens":19}}`, js, "input 4, input_audio 10, output 5", true},
		"transcription by time":       {"audio_transcription", "", ``, `{"text":"hi","usage":{"type":"duration","seconds":3}}`, js, "audio_micros 3000000", true},
		"verbose transcription":       {"audio_transcription", "", ``, `{"text":"hi","duration":1.2345678,"language":"en"}`, js, "audio_micros 1234568", true},
		"translation, quoted seconds": {"audio_translation", "", ``, `{"text":"hi","duration":"2.5"}`, js, "audio_micros 2500000", true},
		"transcription as text":       {"audio_transcription", "", ``, `hi`, "text/plain", "", false},
		"moderation":                  {"moderations", js, `{}`, `{"id":"modr-1","model":"omni","results":[]}`, js, "", false},
		"files":                       {"files", js, ``, `{"id":"file-1","bytes":5}`, js, "", false},
		"unknown":                     {"teleport", js, ``, `{"usage":{"prompt_tokens":5}}`, js, "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := openai.MeasureSurface(tt.op, tt.requestType, []byte(tt.request), []byte(tt.response), tt.responseType)
			if got := usageLine(&r.Usage); got != tt.want || r.Usage.Reported != tt.reported {
				t.Errorf("usage %q, reported %v; want %q, %v", got, r.Usage.Reported, tt.want, tt.reported)
			}
			if !r.Done || !r.Complete || r.Err != nil {
				t.Errorf("done %v, complete %v, %v", r.Done, r.Complete, r.Err)
			}
		})
	}
	r := openai.MeasureSurface("images", js, nil, []byte(`{"error":{"message":"x","code":"content_filter"}}`), js)
	if r.Err == nil || r.Err.Code != "content_filter" || r.Complete {
		t.Errorf("an error was read as %+v", r)
	}
}

func TestObserveSurface(t *testing.T) {
	tests := map[string]struct {
		op     string
		events []string
		want   string
		bytes  int64
	}{
		"legacy completion": {"completions", []string{
			`{"id":"c","model":"m","choices":[{"index":0,"text":"ab","finish_reason":null}]}`,
			`{"id":"c","choices":[{"index":0,"text":"","finish_reason":"length"}]}`,
			`{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}`, `[DONE]`}, "input 3, output 4", 2},
		"image": {"images", []string{
			`{"type":"image_generation.partial_image","b64_json":"AA"}`,
			`{"type":"image_generation.completed","b64_json":"AA","usage":{"input_tokens":5,"output_tokens":9,"total_tokens":14,"input_tokens_details":{"text_tokens":2,"image_tokens":3}}}`}, "input 2, input_image 3, output_image 9", 0},
		"edit":                       {"images", []string{`{"type":"image_edit.completed","usage":{"input_tokens":5,"output_tokens":9}}`}, "input 5, output_image 9", 0},
		"two images":                 {"images", []string{`{"type":"image_edit.completed","usage":{"output_tokens":9}}`, `{"type":"image_edit.completed","usage":{"output_tokens":9}}`}, "output_image 18", 0},
		"image without usage":        {"images", []string{`{"type":"image_generation.completed"}`}, "images 1", 0},
		"speech":                     {"audio_speech", []string{`{"type":"speech.audio.delta","audio":"AA"}`, `{"type":"speech.audio.done","usage":{"input_tokens":14,"output_tokens":101,"total_tokens":115}}`}, "input 14, output_audio 101", 0},
		"transcription":              {"audio_transcription", []string{`{"type":"transcript.text.delta","delta":"hé"}`, `{"type":"transcript.text.done","text":"hé","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"audio_tokens":14},"output_tokens":3,"total_tokens":17}}`}, "input_audio 14, output 3", 3},
		"transcription without text": {"audio_transcription", []string{`{"type":"transcript.text.done","text":"abc","usage":{"type":"duration","seconds":1.5}}`}, "audio_micros 1500000", 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var r wire.Reading
			observe := openai.ObserveSurface(tt.op)
			for _, e := range tt.events {
				observe("", []byte(e), &r)
			}
			if got := usageLine(&r.Usage); got != tt.want || r.OutputBytes != tt.bytes {
				t.Errorf("usage %q, %d bytes; want %q, %d", got, r.OutputBytes, tt.want, tt.bytes)
			}
			if !r.Done || !r.Complete || !r.FirstToken || r.Err != nil {
				t.Errorf("done %v, complete %v, first %v, %v", r.Done, r.Complete, r.FirstToken, r.Err)
			}
		})
	}
}

func TestObserveSurfaceReportsFaults(t *testing.T) {
	for _, event := range []string{`{"type":"error","error":{"message":"x"}}`, `{"error":{"message":"x"}}`, `{"type":"image`, `oops`} {
		var r wire.Reading
		openai.ObserveSurface("images")("", []byte(event), &r)
		if r.Err == nil || r.Complete {
			t.Errorf("%s: %+v", event, r)
		}
	}
	var r wire.Reading
	openai.ObserveSurface("images")("image_generation.completed", []byte(`{"usage":{"output_tokens":9}}`), &r)
	if r.Usage.N[llm.OutputImage] != 9 {
		t.Errorf("the event's name was not read: %+v", r)
	}
	openai.ObserveSurface("batches")("", []byte("[DONE]"), &r)
	openai.ObserveSurface("batches")("", nil, &r)
	if !r.Done {
		t.Error("the terminator was not read")
	}
}
