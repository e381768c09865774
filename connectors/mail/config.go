package mail

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"
	"time"
)

// Encryption says how the connection to the mail server is encrypted.
type Encryption string

// The kinds of encryption.
const (
	StartTLS Encryption = "starttls" // after the greeting, and not without
	TLS      Encryption = "tls"      // from the first byte
	// Plain is for a mail server on the same machine or network only.
	Plain Encryption = "plain"
)

// Config is how the mail server is reached.
type Config struct {
	Host       string
	Port       int
	Encryption Encryption
	// User and Password sign in; there is no sign-in where User is empty.
	User, Password string
	// From is the address that notices come from.
	From string
	// Timeout bounds one try; 0 means 10 seconds.
	Timeout time.Duration
}

// ParseConfig reads the server as smtp://USER@HOST:PORT (STARTTLS, port 587),
// smtps://USER@HOST:PORT (TLS, port 465) or smtp+plain://HOST:PORT (not encrypted,
// port 25), the sender's address and the password, which may also stand in the URL.
// Errors say what would be right and never repeat the password.
func ParseConfig(server, from, password string) (Config, error) {
	parsed, err := url.Parse(server)
	if err != nil || parsed.Hostname() == "" || parsed.RawQuery != "" || parsed.Fragment != "" || (parsed.Path != "" && parsed.Path != "/") {
		return Config{}, errors.New("the mail server must be written as smtp://USER@HOST:587, smtps://USER@HOST:465 or smtp+plain://HOST:25")
	}
	config := Config{Host: parsed.Hostname(), User: parsed.User.Username(), Password: password, From: from}
	switch parsed.Scheme {
	case "smtp":
		config.Encryption, config.Port = StartTLS, 587
	case "smtps":
		config.Encryption, config.Port = TLS, 465
	case "smtp+plain":
		config.Encryption, config.Port = Plain, 25
	default:
		return Config{}, fmt.Errorf("the mail server's scheme must be smtp, smtps or smtp+plain, not %q", parsed.Scheme)
	}
	if port := parsed.Port(); port != "" {
		if config.Port, err = strconv.Atoi(port); err != nil || config.Port < 1 || config.Port > 65535 {
			return Config{}, errors.New("the mail server's port must be a number from 1 to 65535")
		}
	}
	if inURL, is := parsed.User.Password(); is && password == "" {
		config.Password = inURL
	}
	switch {
	case config.User != "" && config.Password == "":
		return Config{}, errors.New("the mail server's user has no password: give it apart from the address")
	case config.User == "" && config.Password != "":
		return Config{}, errors.New("the mail server's password has no user: write smtp://USER@HOST")
	case config.User != "" && config.Encryption == Plain:
		return Config{}, errors.New("a password is not sent over a connection that is not encrypted: use smtp:// or smtps://, or no user")
	}
	if address, err := mail.ParseAddress(from); err != nil || address.Name != "" {
		return Config{}, errors.New("the address that notices come from must be written as notices@example.org")
	}
	return config, nil
}

// String shows the server without the password.
func (c Config) String() string {
	if c.Host == "" {
		return ""
	}
	scheme := map[Encryption]string{StartTLS: "smtp", TLS: "smtps", Plain: "smtp+plain"}[c.Encryption]
	shown := url.URL{Scheme: scheme, Host: c.Host + ":" + strconv.Itoa(c.Port)}
	if c.User != "" {
		shown.User = url.User(c.User)
	}
	return shown.String()
}
