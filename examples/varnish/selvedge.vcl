# Varnish in front of Selvedge: shared answers are kept under the key that Selvedge names, pages under the visitor's segment.
# docs/varnish.md explains it. Wants Varnish 6.0 or newer and no module beside the bundled `std`.
vcl 4.1;

import std;

# Your application, and the Selvedge Worker in workerd (`wrangler dev` starts one on localhost).
backend application { .host = "127.0.0.1"; .port = "8080"; }
backend selvedge { .host = "127.0.0.1"; .port = "8787"; }

# The profile is nothing to the application.
sub without_profile {
    if (req.http.Cookie) {
        set req.http.Cookie = regsuball(req.http.Cookie, "(^|;\s*)selvedge(-consent)?=[^;]*", "");
        set req.http.Cookie = regsub(req.http.Cookie, "^;\s*", "");
        if (req.http.Cookie == "") { unset req.http.Cookie; }
    }
}

sub vcl_recv {
    if (req.restarts == 0) {
        # Who somebody is belongs to Selvedge to say: nothing of it is taken from a client.
        unset req.http.Selvedge-Key;
        unset req.http.Selvedge-Segment;
        unset req.http.Selvedge-Scope;
        unset req.http.Selvedge-Wanted;
        # Nor which site or page was asked for, as what an application makes of that would be kept for everybody.
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
        # A key is made of whole headers, so a second line of one is joined to the first.
        std.collect(req.http.Sec-GPC);
        std.collect(req.http.Accept-Language);
        std.collect(req.http.User-Agent);
        std.collect(req.http.Sec-CH-UA-Mobile);
        std.collect(req.http.X-Forwarded-Proto);
        if (req.http.X-Forwarded-Proto != "https") { unset req.http.X-Forwarded-Proto; }
        # The first turn is ours; a client's own question for its key is passed.
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
        # The first turn asks Selvedge under which key the answer is shared. That costs no ranking, and is remembered for a
        # few seconds for each cookie.
        set req.http.Selvedge-Wanted = req.url;
        set req.backend_hint = selvedge;
        if (req.url ~ "^/v1/recommend/[^/?]+(\?|$)") {
            set req.url = regsub(req.url, "^/v1/recommend/", "/v1/key/");
        } elsif (req.url ~ "^/(v1/|(healthz|readyz)(\?|$))") {
            # Items near an item are public; the rest is nobody's to keep. Both say so themselves.
            if (req.url ~ "^/v1/similar/") { return (hash); }
            return (pass);
        } else {
            # Pages vary by the segment of this slot; put the name of one of yours here.
            set req.url = "/v1/key/segment";
        }
        return (hash);
    }

    # The second turn has the key.
    if (req.url ~ "^/v1/") {
        set req.backend_hint = selvedge;
        if (!req.http.Selvedge-Key) { return (pass); }
        return (hash);
    }
    set req.backend_hint = application;
    call without_profile;
    # What cookies are left are the application's, and then its pages are one visitor's own.
    if (req.http.Cookie || req.http.Authorization) { return (pass); }
    return (hash);
}

sub vcl_hash {
    if (req.url ~ "^/v1/key/") {
        hash_data(req.url);
        # All that a key depends on.
        hash_data(req.http.Cookie);
        hash_data(req.http.Sec-GPC);
        hash_data(req.http.Accept-Language);
        hash_data(req.http.User-Agent);
        hash_data(req.http.Sec-CH-UA-Mobile);
        return (lookup);
    }
    if (req.http.Selvedge-Key && req.url ~ "^/v1/recommend/") {
        # The key, and nothing else: neither host nor query can make a second copy or a wrong one.
        hash_data(req.http.Selvedge-Key);
        return (lookup);
    }
    # Pages: address and host, by the built-in rules; the segment by the application's `Vary: Selvedge-Segment`. Whoever ends TLS in
    # front says which scheme was asked for.
    hash_data(req.http.X-Forwarded-Proto);
}

sub vcl_backend_fetch {
    unset bereq.http.Selvedge-Wanted;
    if (bereq.url ~ "^/v1/key/") {
        # A page does not wait for its key.
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
        # How long is Selvedge's to say, from when it computed the answer: time to live, and for how long it may be used while it is fetched anew (RFC 5861).
        set beresp.ttl = std.duration(regsub(beresp.http.Surrogate-Control, ".*max-age=(\d+).*", "\1s"), 0s) - beresp.age;
        set beresp.grace = std.duration(regsub(beresp.http.Surrogate-Control, ".*stale-while-revalidate=(\d+).*", "\1s"), 0s);
        unset beresp.http.Surrogate-Control;
        # What is about the request of whoever came first.
        unset beresp.http.Set-Cookie;
        unset beresp.http.Selvedge-Fallback;
        unset beresp.http.Server-Timing;
        unset beresp.http.Cache-Status;
        # All that it varies by is in the key. Browsers know nothing of that: they get it back.
        set beresp.http.Selvedge-Vary = beresp.http.Vary;
        unset beresp.http.Vary;
        return (deliver);
    }
    if (bereq.url ~ "^/v1/recommend/") {
        # Under another key than the one that was asked for (a new model, say): for this visitor only.
        set beresp.uncacheable = true;
        set beresp.ttl = 10s;
        return (deliver);
    }
    if (beresp.http.Surrogate-Control ~ "ESI/1.0") {
        set beresp.do_esi = true;
        # It counts before Cache-Control (Edge Architecture Specification, section 2.3).
        if (beresp.http.Surrogate-Control ~ "(?i)no-store") {
            set beresp.uncacheable = true;
            set beresp.ttl = 120s;
        } elsif (beresp.http.Surrogate-Control ~ "(?i)max-age=\d") {
            set beresp.ttl = std.duration(regsub(beresp.http.Surrogate-Control, "(?i).*max-age=(\d+).*", "\1s"), 0s);
        }
        unset beresp.http.Surrogate-Control;
        # What is put together for one visitor is no longer what these tell of.
        unset beresp.http.ETag;
        unset beresp.http.Last-Modified;
        set beresp.http.Selvedge-Esi = "1";
    }
}

sub vcl_deliver {
    if (req.http.Selvedge-Wanted && req.url ~ "^/v1/key/" && req.restarts == 0) {
        # The answer to the first turn is for us. Without one, the visitor is served as everybody is.
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
    # To the browser, what varies by segment or was put together for a visitor is private, as it is without Varnish.
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
        # Selvedge cannot be reached: pages are served as to everybody, and lists as its own error.
        set beresp.status = 204;
        set beresp.ttl = 1s;
        return (deliver);
    }
}
