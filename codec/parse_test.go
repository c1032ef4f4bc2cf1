package codec_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/duplex-go/duplex/codec"
)

// known are texts that name transforms; of every kind and every option at least
// one.
var known = []string{
	"gzip", "gzip:", "gzip:level=0", "gzip:level=9,strategy=rle,memlevel=9,windowbits=12,parallel=0", "gzip:parallel=2", "gzip:fast", "gzip:fast=false,level=1",
	"gzip:name=a file,comment=no comment,mtime=2006-01-02T15:04:05Z,os=19,headercrc", "gzip:mtime=1136214245,os=0", "gzip:mtime=0,flush=full,park=4k",
	"gunzip", "gunzip:maxoutput=64M,maxratio=100,trailing=ignore,truncated,windowbits=9",
	"deflate", "deflate:windowbits=8,strategy=filtered", "inflate", "inflate:trailing=reject", "rawdeflate:strategy=fixed,flush=partial", "rawdeflate",
	"rawinflate", "unzip", "unzip:truncated=true", "zstd", "zstd:level=22,windowbits=10,checksum=false", "unzstd", "unzstd:windowbits=27,trailing=reject,maxratio=7",
	"br", "br:quality=0,windowbits=10", "br:quality=11", "unbr", "unbr:windowbits=24,trailing=reject,maxoutput=1G,maxratio=3,truncated",
	"upper", "lower", "base64", "base64:url,pad=false,wrap=76", "unbase64", "unbase64:pad=false", "hex", "hex:wrap=1", "unhex",
}

func TestWhatNamesATransformIsOne(t *testing.T) {
	for _, spec := range known {
		tr, err := codec.Parse(spec)
		if err != nil {
			t.Errorf("%s: %v", spec, err)
		} else if tr.String() != spec {
			t.Errorf("%s is called %s", spec, tr)
		}
	}
}

func TestWhatNamesNoneIsAnErrorThatHelps(t *testing.T) {
	for _, test := range []struct {
		spec string
		says []string
	}{
		{"", []string{"gzip", "unhex"}},
		{"gzap", []string{`"gzap"`, "gzip", "gunzip", "deflate", "zstd", "unbr", "upper", "base64"}},
		{"GZIP", []string{"gzip"}},
		{"gzip:lvel=1", []string{`"lvel"`, "level", "strategy", "memlevel", "windowbits", "mtime"}},
		{"gzip:level", []string{"0 to 9"}},
		{"gzip:level=", []string{"0 to 9"}},
		{"gzip:level=10", []string{"level=10", "0 to 9"}},
		{"gzip:level=-1", []string{"0 to 9"}},
		{"gzip:level=six", []string{"0 to 9"}},
		{"gzip:level=1,,", []string{`""`}},
		{"gzip:level=1,level=1", []string{"twice"}},
		{"gzip:memlevel=0", []string{"1 to 9"}},
		{"gzip:windowbits=8", []string{"9 to 15"}},
		{"deflate:windowbits=7", []string{"8 to 15"}},
		{"gzip:strategy=best", []string{"default", "filtered", "huffman", "rle", "fixed"}},
		{"gzip:parallel=1000", []string{"0 to 256"}},
		{"gzip:fast=perhaps", []string{"true or false"}},
		{"gzip:fast,memlevel=9", []string{"fast encoder"}},
		{"gzip:mtime=yesterday", []string{"1970", "2006-01-02T15:04:05Z"}},
		{"gzip:mtime=4294967296", []string{"4294967295"}},
		{"gzip:name=\u65e5\u672c", []string{"Latin-1"}},
		{"gzip:park=33k", []string{"0 to 32768"}},
		{"rawdeflate:name=x", []string{`"name"`, "level"}},
		{"gunzip:maxoutput=-1", []string{"64k"}},
		{"gunzip:maxoutput=9999999T", []string{"64k"}},
		{"gunzip:maxratio=x", []string{"0 to"}},
		{"gunzip:trailing=keep", []string{"members", "reject", "ignore"}},
		{"zstd:level=0", []string{"1 to 22"}},
		{"unzstd:windowbits=32", []string{"10 to 31"}},
		{"br:quality=12", []string{"0 to 11"}},
		{"upper:a=b", []string{"has none"}},
		{"unhex:pad", []string{"has none"}},
	} {
		_, err := codec.Parse(test.spec)
		var e *codec.Error
		if !errors.As(err, &e) || !errors.Is(err, codec.ErrUsage) || e.Text != test.spec {
			t.Errorf("%q: %v", test.spec, err)
			continue
		}
		for _, word := range test.says {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%q: %v; it says nothing of %s", test.spec, err, word)
			}
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: more than a line: %v", test.spec, err)
		}
		if _, _, ierr := codec.Inverse(test.spec); ierr == nil {
			t.Errorf("Inverse(%q) succeeded", test.spec)
		}
		if _, perr := codec.Pair("gzip", test.spec); !errors.Is(perr, codec.ErrUsage) {
			t.Errorf("Pair(gzip, %q): %v", test.spec, perr)
		}
	}
}

func TestTheListIsWholeAndTrue(t *testing.T) {
	names := make(map[string]bool)
	for _, k := range codec.List() {
		names[k.Name] = true
	}
	for _, want := range strings.Fields("gzip gunzip deflate inflate rawdeflate rawinflate unzip zstd unzstd br unbr upper lower base64 unbase64 hex unhex") {
		if !names[want] {
			t.Errorf("%s is not in it", want)
		}
	}
	for _, k := range codec.List() {
		if _, err := codec.Parse(k.Name); err != nil {
			t.Error(err)
		}
		if k.Help == "" || strings.Contains(k.Help, "\n") {
			t.Errorf("%s: help %q", k.Name, k.Help)
		}
		if _, ok, err := codec.Inverse(k.Name); err != nil || ok != (k.Inverse != "") || ok && !names[k.Inverse] {
			t.Errorf("%s: inverse %q, %t, %v", k.Name, k.Inverse, ok, err)
		}
		tried := ""
		for _, spec := range known {
			if name, options, _ := strings.Cut(spec, ":"); name == k.Name {
				tried += "," + options
			}
		}
		for _, o := range k.Options {
			if o.Help == "" || strings.Contains(o.Help, "\n") {
				t.Errorf("%s: help of %s: %q", k.Name, o.Name, o.Help)
			}
			// An option that exists is in the list of an error.
			if _, err := codec.Parse(k.Name + ":none"); !strings.Contains(err.Error(), o.Name) {
				t.Errorf("%v; it does not name %s", err, o.Name)
			}
		}
	}
}
