package postgres

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// fileLock is a lock on a file that the kernel releases when its holder dies,
// however it dies.
type fileLock struct{ file *os.File }

// tryLock takes the lock if nobody has it; nil means that somebody has.
func tryLock(path string) (*fileLock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return &fileLock{file}, nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, fmt.Errorf("take the lock %s: %w", path, err)
}

// release releases the lock. The file stays: removing it would let two
// processes hold locks on two files of the same name.
func (l *fileLock) release() {
	if l != nil {
		_ = l.file.Close()
	}
}
