package gateway

import "testing"

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
