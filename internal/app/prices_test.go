package app_test

import (
	"strings"
	"testing"
)

func TestAnImportedPriceListHoldsAtOnceAndAfterARestart(t *testing.T) {
	data := t.TempDir()
	const list = `[{"id":"openai","name":"OpenAI","pricing_urls":["https://example.com"],"api_pattern":"x","models":[
		{"id":"gpt-4o","match":{"equals":"gpt-4o"},"prices":{"input_mtok":7,"output_mtok":21}}]}]`
	show := func(h *house, model string) string {
		_, answer, _ := h.do(t, "GET", "/api/prices/"+model, h.Token, "")
		return answer
	}
	t.Run("first", func(t *testing.T) {
		h := open(t, data, "", nil)
		if status, answer, _ := h.do(t, "POST", "/api/prices/catalogue", h.Token, `{"nonsense":true}`); status != 400 || !strings.Contains(answer, "bad_catalogue") {
			t.Errorf("nonsense: %d %s", status, answer)
		}
		status, answer, _ := h.do(t, "POST", "/api/prices/catalogue", h.Token, list)
		if status != 200 || !strings.Contains(answer, `"genai-prices"`) || !strings.Contains(answer, `"models":1`) {
			t.Fatalf("import: %d %s", status, answer)
		}
		if got := show(h, "openai/gpt-4o"); !strings.Contains(got, `"7`) {
			t.Errorf("price after the import: %s", got)
		}
	})
	t.Run("restarted", func(t *testing.T) {
		h := open(t, data, "", nil)
		if got := show(h, "openai/gpt-4o"); !strings.Contains(got, `"7`) {
			t.Errorf("price after a restart: %s", got)
		}
		if got := show(h, "sim/small"); !strings.Contains(got, `"0.10"`) {
			t.Errorf("a provider that was not in the list: %s", got)
		}
	})
}
