package sim

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// rng returns the randomness of a request that no codec reads, by its bytes.
func (c *call) rng(of string) *rand.Rand {
	seed := c.s.opt.Seed
	if c.controls.seed != nil {
		seed = *c.controls.seed
	}
	return rand.New(rand.NewPCG(seed, hashString(fnvOffset, of)))
}

const born = 1767225600 // 2026-01-01: when the models say they were made

// models lists the models, or shows one, in the family's form.
func (c *call) models() {
	var list []any
	for _, name := range Models() {
		if c.route.surface == modelOne && bareModel(c.route.model) != name {
			continue
		}
		list = append(list, modelCard(c.route.family, name))
	}
	if c.route.surface == modelOne {
		if len(list) == 0 {
			c.refuse("not_found", "there is no model "+clip(c.route.model, 100))
			return
		}
		c.json(list[0])
		return
	}
	switch c.route.family {
	case gemini:
		c.json(map[string]any{"models": list})
	case anthropic:
		c.json(map[string]any{"data": list, "has_more": false, "first_id": Models()[0], "last_id": Models()[len(list)-1]})
	default:
		c.json(map[string]any{"object": "list", "data": list})
	}
}

func modelCard(fam family, name string) any {
	switch fam {
	case gemini:
		methods := []string{"generateContent", "streamGenerateContent", "countTokens"}
		if name == "embed" {
			methods = []string{"embedContent", "batchEmbedContents"}
		}
		return map[string]any{"name": "models/" + name, "displayName": "Simulated " + name, "inputTokenLimit": 1 << 20, "outputTokenLimit": 1 << 16, "supportedGenerationMethods": methods}
	case anthropic:
		return map[string]any{"type": "model", "id": name, "display_name": "Simulated " + name, "created_at": "2026-01-01T00:00:00Z"}
	}
	return map[string]any{"id": name, "object": "model", "created": born, "owned_by": "sim"}
}

// harm lists words by moderation category. A text that holds one is flagged.
var harm = []struct {
	category string
	words    []string
}{
	{"harassment", []string{"idiot", "stupid", "loser"}},
	{"harassment/threatening", []string{"destroy you", "hurt you"}},
	{"hate", []string{"hate them", "subhuman"}},
	{"hate/threatening", []string{"exterminate"}},
	{"illicit", []string{"steal", "launder"}},
	{"illicit/violent", []string{"bomb", "explosive"}},
	{"self-harm", []string{"hurt myself", "suicide"}},
	{"self-harm/instructions", nil},
	{"self-harm/intent", []string{"kill myself"}},
	{"sexual", []string{"explicit sex"}},
	{"sexual/minors", nil},
	{"violence", []string{"kill", "murder", "shoot"}},
	{"violence/graphic", []string{"gore", "dismember"}},
}

func (c *call) moderate() {
	in := gjson.GetBytes(c.body, "input")
	var texts []string
	switch {
	case in.Type == gjson.String:
		texts = []string{in.Str}
	case in.IsArray():
		for _, v := range in.Array() {
			if v.IsObject() {
				texts = append(texts, v.Get("text").Str)
			} else {
				texts = append(texts, v.String())
			}
		}
	default:
		c.refuse("invalid", "input is missing")
		return
	}
	var results []any
	for _, text := range texts {
		results = append(results, c.verdict(strings.ToLower(text)))
	}
	c.json(map[string]any{"id": token(c.rng(in.Raw), "modr-", 24), "model": c.model, "results": results})
}

func (c *call) verdict(text string) any {
	rng := c.rng(text)
	flagged := false
	categories, scores := map[string]bool{}, map[string]float64{}
	for _, h := range harm {
		hit := slices.ContainsFunc(h.words, func(w string) bool { return strings.Contains(text, w) })
		score := 0.0001 + rng.Float64()*0.01
		if hit {
			score = 0.8 + rng.Float64()*0.19
		}
		categories[h.category], scores[h.category] = hit, math.Round(score*1e6)/1e6
		flagged = flagged || hit
	}
	return map[string]any{"flagged": flagged, "categories": categories, "category_scores": scores}
}

// maxImages is the most images that one request makes, as OpenAI has it.
const maxImages = 10

func (c *call) images() {
	body := gjson.ParseBytes(c.body)
	prompt := body.Get("prompt")
	if prompt.Type != gjson.String {
		c.refuse("invalid", "prompt is missing")
		return
	}
	n := 1
	if v := body.Get("n"); v.Exists() {
		n = int(min(max(v.Int(), 1), maxImages))
	}
	rng := c.rng(prompt.Str)
	var data []any
	for range n {
		encoded := base64.StdEncoding.EncodeToString(picture(rng))
		if body.Get("response_format").Str == "url" {
			data = append(data, map[string]any{"url": "data:image/png;base64," + encoded})
		} else {
			data = append(data, map[string]any{"b64_json": encoded})
		}
	}
	in, out := CountTokens(prompt.Str), int64(n*272) // 272: a small image at low quality
	c.count.InputTokens, c.count.OutputTokens = in, out
	answer := map[string]any{"created": c.s.opt.Now().Unix(), "data": data}
	if !c.controls.fault.is("no_usage") {
		answer["usage"] = map[string]any{"input_tokens": in, "output_tokens": out, "total_tokens": in + out,
			"input_tokens_details": map[string]any{"text_tokens": in, "image_tokens": 0}}
	}
	c.json(answer)
}

// picture returns a PNG of 16 by 16 points in four seeded colours.
func picture(rng *rand.Rand) []byte {
	var palette color.Palette
	for range 4 {
		x := rng.Uint32()
		palette = append(palette, color.RGBA{byte(x), byte(x >> 8), byte(x >> 16), 255})
	}
	img := image.NewPaletted(image.Rect(0, 0, 16, 16), palette)
	for i := range img.Pix {
		img.Pix[i] = byte(rng.IntN(4))
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil { // a buffer takes all
		return nil
	}
	return b.Bytes()
}

// Sound of the simulator's voice.
const (
	soundRate   = 8000 // samples a second, one channel, 16 bits
	soundPerKey = 60   // milliseconds a character
	soundMost   = 3000 // milliseconds
	wavHeader   = 44
)

func (c *call) speech() {
	text := gjson.GetBytes(c.body, "input")
	if text.Type != gjson.String || text.Str == "" {
		c.refuse("invalid", "input is missing")
		return
	}
	sound := tone(200+c.rng(text.Str).IntN(400), min(soundMost, soundPerKey*len(text.Str)))
	kind := "audio/wav"
	if gjson.GetBytes(c.body, "response_format").Str == "pcm" {
		sound, kind = sound[wavHeader:], "audio/pcm"
	}
	c.unary(200, kind, sound, 0, c.shortPace())
}

// tone returns a WAV file of a sine tone.
func tone(hertz, millis int) []byte {
	n := soundRate * millis / 1000
	b := append(make([]byte, 0, wavHeader+2*n), "RIFF"...)
	le := binary.LittleEndian
	b = le.AppendUint32(b, uint32(wavHeader-8+2*n))
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16) // length of this block
	b = le.AppendUint16(b, 1)  // plain samples
	b = le.AppendUint16(b, 1)  // one channel
	b = le.AppendUint32(b, soundRate)
	b = le.AppendUint32(b, soundRate*2)
	b = le.AppendUint16(b, 2)
	b = le.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = le.AppendUint32(b, uint32(2*n))
	for i := range n {
		b = le.AppendUint16(b, uint16(int16(12000*math.Sin(2*math.Pi*float64(hertz)*float64(i)/soundRate))))
	}
	return b
}

func (c *call) transcribe() {
	form, file, err := c.form()
	if err != nil || file == nil {
		c.refuse("invalid", "the form has no file")
		return
	}
	c.model = form["model"]
	seconds := max(1, (len(file.data)-wavHeader)/(2*soundRate))
	text := sentences(c.rng(string(file.data)), "", int64(3*seconds))
	c.count.InputTokens, c.count.OutputTokens = int64(10*seconds), CountTokens(text)
	switch form["response_format"] {
	case "text":
		c.unary(200, "text/plain; charset=utf-8", []byte(text+"\n"), 0, c.shortPace())
	case "verbose_json":
		c.json(map[string]any{"task": "transcribe", "language": "english", "duration": seconds, "text": text,
			"segments": []any{map[string]any{"id": 0, "start": 0, "end": seconds, "text": text}}})
	default:
		c.json(map[string]any{"text": text, "usage": map[string]any{"type": "duration", "seconds": seconds}})
	}
}

// upload is a file of a multipart form.
type upload struct {
	name, mime string
	data       []byte
}

// form reads a multipart body: its fields, and the file; nil where there is none.
func (c *call) form() (map[string]string, *upload, error) {
	_, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return nil, nil, http.ErrNotMultipart
	}
	fields := map[string]string{}
	var file *upload
	reader := multipart.NewReader(bytes.NewReader(c.body), params["boundary"])
	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			return fields, file, nil
		}
		if err != nil {
			return nil, nil, err
		}
		data, err := io.ReadAll(part) // within the body's limit
		if err != nil {
			return nil, nil, err
		}
		if part.FileName() != "" && file == nil {
			file = &upload{part.FileName(), part.Header.Get("Content-Type"), data}
		} else {
			fields[part.FormName()] = string(data)
		}
	}
}
