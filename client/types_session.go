package client

// SignIn is what a browser signs in with.
type SignIn struct {
	Token string `json:"token" minLength:"1" maxLength:"512" doc:"The admin token, or the token of a first-visit link"`
}

// Session is the state of a browser's session.
type Session struct {
	SignedIn bool   `json:"signed_in"`
	Expires  string `json:"expires" doc:"RFC 3339, UTC; empty where nobody is signed in"`
}
