# Varnish in front of Selvedge: stores shared answers under the cache key that Selvedge names, and pages under the visitor's segment.
# docs/varnish.md explains it. Needs Varnish 6.0 or newer and only the bundled module `std`.
vcl 4.1;

import std;

# Your application, and the Selvedge Worker in workerd (`wrangler dev` starts one on localhost).
backend application { .host = "127.0.0.1"; .port = "8080"; }
backend selvedge { .host = "127.0.0.1"; .port = "8787"; }

# Removes Selvedge's cookies, which the application must not see.
sub without_profile {
    if (req.http.Cookie) {
        set req.http.Cookie = regsuball(req.http.Cookie, "(^|;\s*)(selvedge-consent|(__Host-)?selvedge(-deleted|-[1-9][0-9]?)?)=[^;]*", "");
        set req.http.Cookie = regsub(req.http.Cookie, "^;\s*", "");
        if (req.http.Cookie == "") { unset req.http.Cookie; }
    }
}

sub vcl_recv {
    if (req.restarts == 0) {
        # Only Selvedge decides key, segment and scope: drop what a client claims.
        unset req.http.Selvedge-Key;
        unset req.http.Selvedge-Segment;
        unset req.http.Selvedge-Scope;
        unset req.http.Selvedge-Wanted;
        # Also drop what a client claims about host or path: an answer that depends on it would be stored for everybody.
        unset req.http.Forwarded;
        unset req.http.Front-End-Https;
        unset req.http.X-Forwarded-Path;
        unset req.http.X-Forwarded-Protocol;
        unset req.http.X-Forwarded-Uri;
        unset req.http.X-HTTP-Host-Override;
        unset req.http.X-Original-Host;
        unset req.http.X-Forwarded-Host;
        unset req.http.X-Forwarded-Port;
        unset req.http.X-Forwarded-Prefix;
        unset req.http.X-Forwarded-Scheme;
        unset req.http.X-Forwarded-Server;
        unset req.http.X-Forwarded-Ssl;
        unset req.http.X-Host;
        unset req.http.X-HTTP-Method;
        unset req.http.X-HTTP-Method-Override;
        unset req.http.X-Method-Override;
        unset req.http.X-Original-URL;
        unset req.http.X-Rewrite-URL;
        # vcl_hash reads one line of each header, so join repeated lines.
        std.collect(req.http.Origin);
        std.collect(req.http.Sec-GPC);
        std.collect(req.http.Accept-Language);
        std.collect(req.http.User-Agent);
        std.collect(req.http.Sec-CH-UA-Mobile);
        std.collect(req.http.X-Forwarded-Proto);
        if (req.http.X-Forwarded-Proto != "https") { unset req.http.X-Forwarded-Proto; }
        # Pass a client's own request for its key, so that it is not taken for our first turn.
        if (req.url ~ "^/v1/key/") {
            set req.backend_hint = selvedge;
            return (pass);
        }
    }

    if (req.method != "GET" && req.method != "HEAD") {
        if (req.url ~ "^/v1/") {
            set req.backend_hint = selvedge;
        } else {
            set req.backend_hint = application;
            call without_profile;
        }
        return (pass);
    }

    if (!req.http.Selvedge-Wanted) {
        # First turn: ask Selvedge for the answer's cache key. Nothing is ranked for it, and Varnish remembers it for ten seconds for
        # each cookie.
        set req.http.Selvedge-Wanted = req.url;
        set req.backend_hint = selvedge;
        if (req.url ~ "^/v1/recommend/[^/?]+(\?|$)") {
            set req.url = regsub(req.url, "^/v1/recommend/", "/v1/key/");
        } elsif (req.url ~ "^/(v1/|(healthz|readyz)(\?|$))") {
            # Lists of similar items are public; the rest must not be stored. The answers' own headers say so, too.
            if (req.url ~ "^/v1/similar/") { return (hash); }
            return (pass);
        } else {
            # Pages vary by the visitor's segment in this slot; put the name of one of yours here.
            set req.url = "/v1/key/segment";
        }
        return (hash);
    }

    # Second turn: the cache key is known.
    if (req.url ~ "^/v1/") {
        set req.backend_hint = selvedge;
        if (!req.http.Selvedge-Key) { return (pass); }
        return (hash);
    }
    set req.backend_hint = application;
    call without_profile;
    # The remaining cookies are the application's, so its pages may be personal.
    if (req.http.Cookie || req.http.Authorization) { return (pass); }
    return (hash);
}

sub vcl_hash {
    if (req.url ~ "^/v1/key/") {
        hash_data(req.url);
        # Everything that a cache key depends on, and the scheme, which decides what the cookies are called.
        hash_data(req.http.X-Forwarded-Proto);
        hash_data(req.http.Origin);
        hash_data(req.http.Cookie);
        hash_data(req.http.Sec-GPC);
        hash_data(req.http.Accept-Language);
        hash_data(req.http.User-Agent);
        hash_data(req.http.Sec-CH-UA-Mobile);
        return (lookup);
    }
    if (req.http.Selvedge-Key && req.url ~ "^/v1/recommend/") {
        # The cache key, and the page's origin, which the answer allows to read it: a different host or query must not make a second copy.
        hash_data(req.http.Selvedge-Key);
        hash_data(req.http.Origin);
        return (lookup);
    }
    # Pages: the built-in rules add URL and host, the application's `Vary: Selvedge-Segment` the segment. A TLS proxy in front says
    # which scheme was requested.
    hash_data(req.http.X-Forwarded-Proto);
}

sub vcl_backend_fetch {
    unset bereq.http.Selvedge-Wanted;
    if (bereq.url ~ "^/v1/key/") {
        # A page does not wait long for its segment.
        set bereq.connect_timeout = 200ms;
        set bereq.first_byte_timeout = 500ms;
    }
}

sub vcl_backend_response {
    if (bereq.url ~ "^/v1/key/") {
        set beresp.ttl = 10s;
        set beresp.grace = 0s;
        return (deliver);
    }
    if (bereq.http.Selvedge-Key && beresp.http.Selvedge-Key == bereq.http.Selvedge-Key && beresp.http.Surrogate-Control) {
        # Selvedge sets how long the answer is fresh, from when it computed it, and how long it may be used while it is fetched again (RFC 5861).
        set beresp.ttl = std.duration(regsub(beresp.http.Surrogate-Control, ".*max-age=(\d+).*", "\1s"), 0s) - beresp.age;
        set beresp.grace = std.duration(regsub(beresp.http.Surrogate-Control, ".*stale-while-revalidate=(\d+).*", "\1s"), 0s);
        unset beresp.http.Surrogate-Control;
        # These headers belong to the request that fetched the answer.
        unset beresp.http.Set-Cookie;
        unset beresp.http.Selvedge-Fallback;
        unset beresp.http.Server-Timing;
        unset beresp.http.Cache-Status;
        # The cache key contains everything that the answer varies by. Browsers do not know the key, so vcl_deliver restores `Vary`.
        set beresp.http.Selvedge-Vary = beresp.http.Vary;
        unset beresp.http.Vary;
        return (deliver);
    }
    if (bereq.url ~ "^/v1/recommend/") {
        # The answer's key is not the requested one (after a new model, for example): use it for this visitor only.
        set beresp.uncacheable = true;
        set beresp.ttl = 10s;
        return (deliver);
    }
    if (beresp.http.Surrogate-Control ~ "ESI/1.0") {
        set beresp.do_esi = true;
        # Surrogate-Control overrides Cache-Control (Edge Architecture Specification, section 2.3).
        if (beresp.http.Surrogate-Control ~ "(?i)no-store") {
            set beresp.uncacheable = true;
            set beresp.ttl = 120s;
        } elsif (beresp.http.Surrogate-Control ~ "(?i)max-age=\d") {
            set beresp.ttl = std.duration(regsub(beresp.http.Surrogate-Control, "(?i).*max-age=(\d+).*", "\1s"), 0s);
        }
        unset beresp.http.Surrogate-Control;
        # They describe the page without its parts.
        unset beresp.http.ETag;
        unset beresp.http.Last-Modified;
        set beresp.http.Selvedge-Esi = "1";
    }
}

sub vcl_deliver {
    if (req.http.Selvedge-Wanted && req.url ~ "^/v1/key/" && req.restarts == 0) {
        # This is the answer to the first turn. If it has no key, pages are served as for everybody, and lists are passed.
        if (resp.http.Selvedge-Key) { set req.http.Selvedge-Key = resp.http.Selvedge-Key; }
        if (resp.http.Selvedge-Segment) { set req.http.Selvedge-Segment = resp.http.Selvedge-Segment; }
        if (resp.http.Selvedge-Scope) { set req.http.Selvedge-Scope = resp.http.Selvedge-Scope; }
        set req.url = req.http.Selvedge-Wanted;
        return (restart);
    }
    if (obj.hits > 0) { set resp.http.X-Cache = "hit"; } else { set resp.http.X-Cache = "miss"; }
    if (resp.http.Selvedge-Vary) {
        set resp.http.Vary = resp.http.Selvedge-Vary;
        unset resp.http.Selvedge-Vary;
    }
    # For the browser, a page that varies by segment or has included parts is private, as it is without Varnish.
    if (resp.http.Vary ~ "(?i)selvedge-" || resp.http.Selvedge-Esi) {
        if (resp.http.Cache-Control ~ "(?i)no-store") {
            set resp.http.Cache-Control = "private, no-store";
        } else {
            set resp.http.Cache-Control = "private, no-cache";
        }
        unset resp.http.Expires;
        unset resp.http.Selvedge-Esi;
    }
}

sub vcl_backend_error {
    if (bereq.url ~ "^/v1/key/") {
        # Selvedge cannot be reached: pages are served as for everybody, and lists fail with its own error.
        set beresp.status = 204;
        set beresp.ttl = 1s;
        return (deliver);
    }
}
