package gateway

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/steward-llmops/steward/internal/fault"
)

func TestFormValue(t *testing.T) {
	const form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nmodel name=\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nopenai/whisper-1\r\n--b--\r\n"
	at := formValue([]byte(form), "model", "openai/whisper-1")
	if at < 0 || form[at:at+16] != "openai/whisper-1" {
		t.Fatalf("formValue = %d", at)
	}
	if at := formValue([]byte(form), "model", "other"); at >= 0 {
		t.Errorf("another value was found at %d", at)
	}
	if at := formValue([]byte(form), "nothing", "x"); at >= 0 {
		t.Errorf("a field that is not there was found at %d", at)
	}
}

func TestASecondModelInTheRestOfAnUploadEndsIt(t *testing.T) {
	tests := map[string]struct {
		before, rest string
		ok           bool
	}{
		"sound only":                {`name="model"`, strings.Repeat("la", 5000), true},
		"another field":             {`name="model"`, `name="language"`, true},
		"a second name":             {`name="model"`, `xx; name="model"`, false},
		"a second name in capitals": {`name="model"`, `Name="Model"`, false},
		"a second name, not quoted": {`name="model"`, `name=model`, false},
		"cut between head and rest": {`zz name="mo`, `del" zz`, false},
	}
	for name, tt := range tests {
		for how, r := range map[string]io.Reader{"whole": strings.NewReader(tt.rest), "byte by byte": iotest.OneByteReader(strings.NewReader(tt.rest))} {
			t.Run(name+", "+how, func(t *testing.T) {
				tail := strings.ToLower(tt.before)
				got, err := io.ReadAll(&oneModel{Reader: r, tail: []byte(tail[max(0, len(tail)-len(modelField)):])})
				var f *fault.Error
				if tt.ok && (err != nil || string(got) != tt.rest) || !tt.ok && (!errors.As(err, &f) || f.Code != "ambiguous_request") {
					t.Errorf("read %d bytes, %v; want ok %v", len(got), err, tt.ok)
				}
			})
		}
	}
}
