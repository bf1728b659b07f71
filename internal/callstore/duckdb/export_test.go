package duckdb

// Exec runs a statement on the engine.
func Exec(s *Store, statement string) error {
	_, err := s.db.Exec(statement)
	return err
}
