package config

import (
	"errors"
	"io/fs"

	"github.com/steward-llmops/steward/internal/fault"
)

// Sources say where a configuration comes from. What comes later wins: the
// defaults, the file, the environment, the flags.
type Sources struct {
	Path     string                       // the file; empty: none
	Optional bool                         // a file that does not exist is an empty one
	ReadFile func(string) ([]byte, error) // os.ReadFile
	Getenv   func(string) string          // STEWARD_LISTEN and STEWARD_DATA are read; may be nil
	Listen   string                       // --listen; empty: not given
	Data     string                       // --data; empty: not given
	Kinds    []string                     // kinds of provider that this build knows
}

// Load reads a configuration. The error is Problems, or a fault.NotFound where
// the file does not exist.
func Load(s Sources) (Config, error) {
	src, name := []byte(nil), s.Path
	if s.Path != "" {
		b, err := s.ReadFile(s.Path)
		switch {
		case errors.Is(err, fs.ErrNotExist) && s.Optional:
			name = "defaults"
		case errors.Is(err, fs.ErrNotExist):
			return Config{}, fault.New(fault.NotFound, "config_not_found", "there is no file %s", s.Path).
				Hinted("steward init writes one; or start without --config").Because(err)
		case err != nil:
			return Config{}, fault.New(fault.Invalid, "config_unreadable", "%s cannot be read", s.Path).
				Hinted("check its path and its permissions").Because(err)
		}
		src = b
	}
	d := newDecoder(name, src, s.Kinds)
	c := Default()
	d.into(&c, s.overlay())
	return c, d.err()
}

// laid is one value that the environment or a flag lays over the file's.
type laid struct {
	source, path, value string
}

func (s *Sources) overlay() []laid {
	var out []laid
	if s.Getenv != nil {
		for _, o := range []laid{{"STEWARD_LISTEN", "listen", s.Getenv("STEWARD_LISTEN")}, {"STEWARD_DATA", "data", s.Getenv("STEWARD_DATA")}} {
			if o.value != "" {
				out = append(out, o)
			}
		}
	}
	for _, o := range []laid{{"--listen", "listen", s.Listen}, {"--data", "data", s.Data}} {
		if o.value != "" {
			out = append(out, o)
		}
	}
	return out
}
