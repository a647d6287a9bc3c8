-- Refusing bad input: SQLSTATE class CS, and a message that names the column and what is allowed.

---------------------------------------------------------------------------------------------------------
-- Bad input
---------------------------------------------------------------------------------------------------------
CREATE OR REPLACE FUNCTION countersign.refuse(code text, message text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message;
END
$$;

-- Characters that no text may hold which is shown to a person, as a regular expression's brackets: what is invisible
-- or moves what stands beside it, so that one text could be made to look like another. By general category (Unicode
-- 15): Cc, Zl, Zp, Co, noncharacters, and of Cf and the default-ignorable ones all but these, which languages need:
-- ZERO WIDTH NON-JOINER and JOINER (Persian, Indic, emoji), LEFT-TO-RIGHT, RIGHT-TO-LEFT and ARABIC LETTER MARK, which
-- give a direction to no other character than themselves (UAX 9 section 2.6),
-- the two variation selectors of emoji, and the directional isolates where each that is opened is closed
-- (UAX 9 section 2.4). What a backslash means in a plain literal is a setting of the caller's session, so functions
-- have none, or write E''.
CREATE OR REPLACE FUNCTION countersign.unshowable_characters() RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN E'[\\x01-\\x1f\\x7f-\\x9f\\u00ad\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f'
           || E'\\u200b\\u2028-\\u202e\\u2060-\\u2065\\u206a-\\u206f\\u2800\\u3164\\ue000-\\uf8ff\\ufdd0-\\ufdef'
           || E'\\ufe00-\\ufe0d\\ufeff\\uffa0\\ufff0-\\ufffc\\ufffe\\uffff\\U0001bca0-\\U0001bca3'
           || E'\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff\\U000f0000-\\U0010ffff]';
END
$$;

-- One character that can be seen, as a regular expression's brackets: no space of whatever width, and none of those that
-- languages need beside others (joiners, directional marks and isolates, variation selectors).
CREATE OR REPLACE FUNCTION countersign.visible_character() RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN E'[^\\x01-\\x20\\x7f-\\xa0\\u1680\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\ufe00-\\ufe0f\\ufeff]';
END
$$;

-- Whether each directional isolate that the text opens is closed in it, so that it ends as it began for what follows.
CREATE OR REPLACE FUNCTION countersign.has_closed_isolates(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rest text := value;
    outer_text text;
BEGIN
    LOOP
        outer_text := regexp_replace(rest, E'[\\u2066-\\u2068][^\\u2066-\\u2069]*\\u2069', '', 'g');
        EXIT WHEN outer_text IS NOT DISTINCT FROM rest;
        rest := outer_text;
    END LOOP;
    RETURN coalesce(rest !~ E'[\\u2066-\\u2069]', true);
END
$$;

-- Refuses (CS003) a text that is too long or could not be shown as it is.
CREATE OR REPLACE FUNCTION countersign.check_text(column_name text, value text, longest integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF char_length(value) > longest THEN
        PERFORM countersign.refuse('CS003', format('%s is longer than %s characters', column_name, longest));
    ELSIF value ~ countersign.unshowable_characters() THEN
        PERFORM countersign.refuse('CS003', format('%s holds a character that cannot be seen or moves others (a '
            'control, formatting, filler, tag or private character); printable text is allowed', column_name));
    ELSIF NOT countersign.has_closed_isolates(value) THEN
        PERFORM countersign.refuse('CS003', format('%s opens a directional isolate that it does not close; '
            'close each by U+2069', column_name));
    END IF;
END
$$;

-- The first line of every prompt, whoever writes it. `portal add` and `doctor` look closer, see ShownName.
CREATE OR REPLACE FUNCTION countersign.check_display_name() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM countersign.check_text('display_name', NEW.display_name, 100);
    IF NEW.display_name !~ countersign.visible_character() THEN
        PERFORM countersign.refuse('CS003', 'display_name has nothing in it that can be seen');
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION countersign.is_inet(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN masklen(value::inet) IN (32, 128) AND value !~ '/';
EXCEPTION WHEN data_exception THEN
    RETURN false;
END
$$;

-- The same for addresses of IPv4 as they are commonly written, which is most of them, and cheaper. NULL for what is longer.
-- A body that begins with RETURN is put in the place of the call.
CREATE OR REPLACE FUNCTION countersign.is_ipv4(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(value) <= 15 THEN value ~
    '^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])[.]){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])$' END;

-- Whether webhooks can be sent to that address: the very rule of the worker's guard (CallbackAddress in Swift; a test
-- asks both), so that nothing is taken that fails only when it is sent. Where it may lead is the deployment's business.
CREATE OR REPLACE FUNCTION countersign.is_callback_uri(uri text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    host text := substring(uri FROM '^[A-Za-z]+://([^/?:[]+|[[][^]/?]+])');
BEGIN
    IF octet_length(uri) > 2048
       OR uri !~ '^[Hh][Tt][Tt][Pp][Ss]?://([A-Za-z0-9._-]+|[[][0-9A-Fa-f:.]+])(:[1-9][0-9]{0,4})?([/?][!-"$-~]*)?$'
       OR substring(uri FROM '^[A-Za-z]+://[^/?]*[^/?:]:([0-9]+)([/?]|$)')::integer > 65535 THEN
        RETURN false;
    ELSIF host LIKE '[%' THEN  -- without a zone, which the pattern leaves out
        -- PostgreSQL takes :.255 and :1.2, too, and fills up what lacks.
        RETURN host ~ ':' AND countersign.is_inet(btrim(host, '[]'))
               AND host ~ '^[^.]*$|:([0-9]{1,3}[.]){3}[0-9]{1,3}]$';
    ELSIF host ~ '(^|[.])([0-9]+|0[Xx][0-9A-Fa-f]*)$' THEN  -- a number, or what inet_aton takes for one
        RETURN host ~ '^(([0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])([.]|$)){4}$';
    END IF;
    -- RFC 1123 section 2.1, with underscores: labels of 1 to 63 that neither begin nor end with a hyphen.
    RETURN octet_length(host) <= 253 AND host !~ '^[.-]|[.-]$|[.][.-]|-[.]|[^.]{64}';
END
$$;

-- What is_callback_uri allows, for whoever is refused.
CREATE OR REPLACE FUNCTION countersign.callback_uri_rule() RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN 'an http or https address of at most 2,048 printable ASCII characters: a DNS name of letters, digits, '
           'hyphens and underscores without a trailing dot, or an IP address in its plain spelling; a port from '
           '1 to 65535; path and query; no user name, password or fragment';
END
$$;

-- Refuses a callback address that no request could name.
CREATE OR REPLACE FUNCTION countersign.check_callback_url() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT countersign.is_callback_uri(NEW.url) THEN
        PERFORM countersign.refuse('CS005', 'url must be ' || countersign.callback_uri_rule());
    END IF;
    RETURN NEW;
END
$$;
