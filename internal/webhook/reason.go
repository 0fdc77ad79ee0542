package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// Reason is why a try failed: all that is kept of it beside the status. Nothing that a receiver said is
// in it, so nothing can be read through it.
type Reason string

const (
	ReasonNone        Reason = ""
	ReasonDNS         Reason = "dns"         // the host has no address, or its servers do not answer
	ReasonBlocked     Reason = "blocked"     // a URL or an address that deliveries must not go to
	ReasonRefused     Reason = "refused"     // nothing listens there
	ReasonUnreachable Reason = "unreachable" // no way to the address
	ReasonTimeout     Reason = "timeout"     // no answer within 15 s
	ReasonTLS         Reason = "tls"         // the certificate or the handshake
	ReasonClosed      Reason = "closed"      // the connection ended before there was an answer
	ReasonProtocol    Reason = "protocol"    // the answer is not HTTP, or a flood of 1xx
	ReasonTooLarge    Reason = "too_large"   // headers of more than 16 KiB
	ReasonRedirect    Reason = "redirect"    // 3xx, never followed
	ReasonGone        Reason = "gone"        // 410: the endpoint is disabled
	ReasonStatus      Reason = "status"      // any other status than 2xx
	ReasonEncode      Reason = "encode"      // the dialect could not tell of the event
	ReasonDialect     Reason = "dialect"     // the server does not speak the session's dialect any more
	ReasonSecret      Reason = "secret"      // the endpoint's secret cannot be used
)

// Reasons lists every reason but ReasonNone, for the exams.
func Reasons() []Reason {
	return []Reason{ReasonDNS, ReasonBlocked, ReasonRefused, ReasonUnreachable, ReasonTimeout, ReasonTLS, ReasonClosed, ReasonProtocol, ReasonTooLarge,
		ReasonRedirect, ReasonGone, ReasonStatus, ReasonEncode, ReasonDialect, ReasonSecret}
}

// ofStatus is the reason that an answer gives; ReasonNone is success.
func ofStatus(status int) Reason {
	switch {
	case status >= 200 && status < 300:
		return ReasonNone
	case status >= 300 && status < 400:
		return ReasonRedirect
	case status == http.StatusGone:
		return ReasonGone
	}
	return ReasonStatus
}

// ofError is the reason why there was no answer.
func ofError(err error) Reason {
	var (
		dns      *net.DNSError
		network  net.Error
		alert    tls.AlertError
		record   tls.RecordHeaderError
		verify   *tls.CertificateVerificationError
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
	)
	switch {
	case errors.Is(err, errBlocked):
		return ReasonBlocked
	case errors.Is(err, context.DeadlineExceeded):
		return ReasonTimeout
	case errors.As(err, &dns):
		if dns.IsTimeout {
			return ReasonTimeout
		}
		return ReasonDNS
	case errors.As(err, &verify), errors.As(err, &alert), errors.As(err, &record), errors.As(err, &unknown), errors.As(err, &hostname), errors.As(err, &invalid):
		return ReasonTLS
	case errors.Is(err, syscall.ECONNREFUSED):
		return ReasonRefused
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL):
		return ReasonUnreachable
	case errors.As(err, &network) && network.Timeout():
		return ReasonTimeout
	}
	// What net/http and crypto/tls find wrong with an answer has no type to ask for.
	text := err.Error()
	switch {
	case strings.Contains(text, "server response headers exceeded"):
		return ReasonTooLarge
	case strings.Contains(text, "tls: "), strings.Contains(text, "server gave HTTP response to HTTPS client"):
		return ReasonTLS
	case strings.Contains(text, "malformed"), strings.Contains(text, "1xx"), strings.Contains(text, "invalid "), strings.Contains(text, "bad "):
		return ReasonProtocol
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed),
		strings.Contains(text, "closed"):
		return ReasonClosed
	}
	return ReasonProtocol
}
