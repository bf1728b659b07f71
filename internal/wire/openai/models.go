package openai

// Model is one entry of GET /v1/models.
type Model struct {
	ID      string
	Created int64 // Unix seconds; 0 where unknown
	OwnedBy string
}

type modelBody struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

type modelList struct {
	Object string      `json:"object"`
	Data   []modelBody `json:"data"`
}

func bodyOfModel(m Model) modelBody { return modelBody{m.ID, "model", m.Created, m.OwnedBy} }

// EncodeModels writes the answer of GET /v1/models.
func EncodeModels(models []Model) []byte {
	list := modelList{Object: "list", Data: make([]modelBody, 0, len(models))}
	for _, m := range models {
		list.Data = append(list.Data, bodyOfModel(m))
	}
	return mustMarshal(list)
}

// EncodeModel writes the answer of GET /v1/models/{model}.
func EncodeModel(m Model) []byte { return mustMarshal(bodyOfModel(m)) }

// mustMarshal writes what holds only strings and numbers, which cannot fail.
func mustMarshal(v any) []byte {
	body, err := marshaler.Marshal(v)
	if err != nil {
		return []byte("null")
	}
	return body
}
