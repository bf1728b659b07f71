package openai

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/bytedance/sonic"
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
)

// MeasureSurface reads what a call of a surface whose bytes pass unchanged has
// used, from its request and its whole answer. operation is "completions" (legacy
// text), "images" (generations and edits), "audio_speech", "audio_transcription"
// or "audio_translation"; every other uses nothing that is paid for by the call
// ("moderations", "files", "batches"). The content types are those of request and
// response; they may have parameters, and be empty.
//
// What the answer does not say but the format makes certain counts as reported:
// the characters of a text that was spoken, the images of an answer without usage.
func MeasureSurface(operation string, requestContentType string, request, response []byte, responseContentType string) wire.Reading {
	if operation == "completions" {
		return measure(response)
	}
	r := wire.Reading{Done: true, Complete: true, FirstToken: len(response) > 0}
	var root gjson.Result
	if isJSON(responseContentType, response) {
		root = gjson.Parse(view(response))
		r.ID, r.Model = clone(get(root, "id")), clone(get(root, "model"))
		if v := get(root, "error"); v.IsObject() {
			r.Err, r.Complete = streamFault(gjson.ParseBytes(response)), false
			return r
		}
	}
	switch operation {
	case "images":
		measureImages(root, &r.Usage)
	case "audio_speech":
		if isJSON(requestContentType, request) {
			measureSpeech(gjson.Parse(view(request)), &r)
		}
	case "audio_transcription", "audio_translation":
		measureTranscript(root, &r)
	}
	return r
}

// isJSON reports whether body is a JSON object, and contentType does not deny it.
func isJSON(contentType string, body []byte) bool {
	if contentType != "" && !strings.Contains(contentType, "json") {
		return false
	}
	body = bytes.TrimSpace(body)
	return len(body) > 0 && body[0] == '{' && sonic.Valid(body)
}

// measureImages reads the usage of image models that count tokens; of those that
// do not, it counts the images.
func measureImages(root gjson.Result, u *llm.Usage) {
	if imageUsage(get(root, "usage"), u) {
		return
	}
	if n := root.Get("data.#").Int(); n > 0 {
		u.Reported = true
		u.N[llm.Images] = n
	}
}

// imageUsage adds a usage object of the Images API to u: its output tokens are
// image tokens unless it says otherwise.
func imageUsage(v gjson.Result, u *llm.Usage) bool {
	var one llm.Usage
	if !usageOf(v, &one) {
		return false
	}
	output := &one.N
	if !get(v, "output_tokens_details").IsObject() {
		output[llm.OutputImage] += output[llm.Output]
		output[llm.Output] = 0
	}
	u.Add(&one)
	return true
}

// measureSpeech counts the characters of the text that was spoken.
func measureSpeech(request gjson.Result, r *wire.Reading) {
	if input := get(request, "input"); input.Type == gjson.String {
		r.Usage.Reported = true
		r.Usage.N[llm.Characters] = int64(utf8.RuneCountInString(text(input)))
	}
	if r.Model == "" {
		r.Model = clone(get(request, "model"))
	}
}

// measureTranscript reads the usage of a transcription: tokens, or seconds, which
// verbose_json gives as duration.
func measureTranscript(root gjson.Result, r *wire.Reading) {
	r.OutputBytes = size(get(root, "text"))
	if transcriptUsage(get(root, "usage"), &r.Usage) {
		return
	}
	if micros, ok := microsOf(get(root, "duration")); ok {
		r.Usage.Reported = true
		r.Usage.N[llm.AudioMicros] = micros
	}
}

func transcriptUsage(v gjson.Result, u *llm.Usage) bool {
	if get(v, "type").Str == "duration" {
		micros, ok := microsOf(get(v, "seconds"))
		if ok {
			u.Reported = true
			u.N[llm.AudioMicros] = micros
		}
		return ok
	}
	return usageOf(v, u)
}

// microsOf reads seconds, a number or a quoted one, as microseconds.
func microsOf(v gjson.Result) (int64, bool) {
	seconds := v.Num
	if v.Type == gjson.String {
		f, err := strconv.ParseFloat(v.Str, 64)
		if err != nil {
			return 0, false
		}
		seconds = f
	} else if v.Type != gjson.Number {
		return 0, false
	}
	if !(seconds >= 0 && seconds < 1e9) {
		return 0, false
	}
	return int64(seconds*1e6 + 0.5), true
}

// ObserveSurface returns what folds the events of a surface's stream into a
// Reading, as wire.Chat.Observe does: of legacy completions, and of the images,
// speech and transcription streams, whose last event holds the usage. Streams of
// other operations are only watched for errors.
func ObserveSurface(operation string) func(name string, data []byte, r *wire.Reading) {
	if operation == "completions" {
		return observe
	}
	return observeSurface
}

func observeSurface(name string, data []byte, r *wire.Reading) {
	r.UsageOnly = false
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return
	}
	if string(data) == "[DONE]" {
		r.Done = true
		return
	}
	if data[0] != '{' || !sonic.Valid(data) {
		r.Err = malformed()
		return
	}
	root := gjson.Parse(view(data))
	kind := get(root, "type").Str
	if kind == "" {
		kind = name
	}
	switch kind {
	case "image_generation.partial_image", "image_edit.partial_image", "speech.audio.delta":
		r.FirstToken = true
	case "transcript.text.delta":
		r.FirstToken = true
		r.OutputBytes += size(get(root, "delta"))
	case "image_generation.completed", "image_edit.completed":
		if !imageUsage(get(root, "usage"), &r.Usage) {
			r.Usage.Reported = true
			r.Usage.N[llm.Images]++
		}
		ended(r)
	case "speech.audio.done":
		speechUsage(get(root, "usage"), &r.Usage)
		ended(r)
	case "transcript.text.done":
		transcriptUsage(get(root, "usage"), &r.Usage)
		if r.OutputBytes == 0 {
			r.OutputBytes = size(get(root, "text"))
		}
		ended(r)
	default:
		if kind == "error" || get(root, "error").IsObject() {
			r.Err = streamFault(gjson.ParseBytes(data))
		}
	}
}

// speechUsage reads the usage of spoken text: its output tokens are sound.
func speechUsage(v gjson.Result, u *llm.Usage) {
	if usageOf(v, u) && !get(v, "output_tokens_details").IsObject() {
		u.N[llm.OutputAudio] += u.N[llm.Output]
		u.N[llm.Output] = 0
	}
}

func ended(r *wire.Reading) {
	r.FirstToken, r.Done, r.Complete = true, true, true
	r.Finish = llm.FinishStop
}
