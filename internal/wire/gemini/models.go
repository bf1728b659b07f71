package gemini

// Model is one entry of the list of models.
type Model struct {
	Name        string // without the prefix "models/"
	DisplayName string // empty means Name
	InputLimit  int64  // tokens; 0: not said
	OutputLimit int64  // tokens; 0: not said
}

type modelJSON struct {
	Name                       string   `json:"name"`
	BaseModelID                string   `json:"baseModelId"`
	DisplayName                string   `json:"displayName"`
	InputTokenLimit            int64    `json:"inputTokenLimit,omitempty"`
	OutputTokenLimit           int64    `json:"outputTokenLimit,omitempty"`
	SupportedGenerationMethods []string `json:"supportedGenerationMethods"`
}

type modelsJSON struct {
	Models []modelJSON `json:"models"`
}

func (m *Model) json() modelJSON {
	name := bareModel(m.Name)
	out := modelJSON{
		Name: "models/" + name, BaseModelID: name, DisplayName: m.DisplayName,
		InputTokenLimit: m.InputLimit, OutputTokenLimit: m.OutputLimit,
		SupportedGenerationMethods: []string{"generateContent", "streamGenerateContent", "countTokens"},
	}
	if out.DisplayName == "" {
		out.DisplayName = name
	}
	return out
}

// EncodeModels writes the answer to GET /v1beta/models, all on one page.
func EncodeModels(list []Model) []byte {
	out := modelsJSON{Models: []modelJSON{}}
	for i := range list {
		out.Models = append(out.Models, list[i].json())
	}
	return marshal(out)
}

// EncodeModel writes the answer to GET /v1beta/models/{model}.
func EncodeModel(m Model) []byte { return marshal(m.json()) }

// marshal writes a value of strings and integers, which cannot fail.
func marshal(v any) []byte {
	b, err := writer.Marshal(v)
	if err != nil {
		return []byte("{}")
	}
	return b
}
