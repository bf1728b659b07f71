package client

// Key is a virtual API key, without its secret. Times are RFC 3339, UTC; empty
// means never.
type Key struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Project  string   `json:"project"`
	Org      string   `json:"org"`
	Team     string   `json:"team"`
	Prefix   string   `json:"prefix" doc:"The visible first characters of the secret"`
	Models   []string `json:"models" nullable:"false" doc:"Patterns of models that it may call; empty: all"`
	Created  string   `json:"created"`
	Expires  string   `json:"expires"`
	Revoked  string   `json:"revoked"`
	Replaced string   `json:"replaced" doc:"Id of the key that took its place in a rotation"`
	State    string   `json:"state" enum:"active,expired,revoked,replaced"`
}

// CreatedKey is a new key with its secret, which is shown this once.
type CreatedKey struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Project string `json:"project"`
	Secret  string `json:"key" doc:"The secret; it is not kept and cannot be shown again"`
	Expires string `json:"expires,omitempty"`
}

// NewKey is a wish for a key.
type NewKey struct {
	Name    string   `json:"name" minLength:"1" maxLength:"100"`
	Project string   `json:"project,omitempty" maxLength:"100" doc:"Empty: default"`
	Org     string   `json:"org,omitempty" maxLength:"100" doc:"Empty: default"`
	Team    string   `json:"team,omitempty" maxLength:"100" doc:"Empty: default"`
	Models  []string `json:"models,omitempty" maxItems:"1000" doc:"Patterns of models that it may call; empty: all"`
	Expires string   `json:"expires,omitempty" doc:"RFC 3339; empty: never"`
}

// KeyList is every key.
type KeyList struct {
	Keys []Key `json:"keys" nullable:"false"`
}
