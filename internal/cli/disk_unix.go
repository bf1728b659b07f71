//go:build unix

package cli

import "golang.org/x/sys/unix"

// diskFree returns the bytes that are free to an ordinary user where dir lies.
func diskFree(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}
