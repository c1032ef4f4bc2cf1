package inspect

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// shortestToken is how many bytes a token that somebody chose must have.
const shortestToken = 16

// NewToken returns 32 random bytes as text.
func NewToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// TokenFile returns the token that stands in a file. Where there is none it makes
// one, for its owner alone to read. So that a page lives through the restart of
// its server, and others can look without being told the token each time.
func TokenFile(name string) (string, error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return writeToken(name)
	}
	if err != nil {
		return "", fmt.Errorf("inspect: token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	return token, checkToken(token)
}

func writeToken(name string) (string, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("inspect: token: %w", err)
	}
	token := NewToken()
	_, err = fmt.Fprintln(f, token)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("inspect: token: %w", err)
	}
	return token, nil
}

// checkToken reports what is wrong with a token that somebody chose.
func checkToken(token string) error {
	if len(token) < shortestToken {
		return fmt.Errorf("inspect: token: it has %d bytes; it must have %d", len(token), shortestToken)
	}
	return nil
}

// same compares in a time that does not depend on where the two differ.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// cookieValue is what a browser keeps in place of the token. Who gets hold of it
// can look as the browser can, but does not know the token.
func cookieValue(token string) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("duplex inspect cookie"))
	return hex.EncodeToString(mac.Sum(nil))
}
