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
-- ZERO WIDTH NON-JOINER and JOINER (Persian, Indic, emoji), LEFT-TO-RIGHT and RIGHT-TO-LEFT MARK (Hebrew, Arabic),
-- the two variation selectors of emoji, and the directional isolates where each that is opened is closed
-- (UAX 9 section 2.4). What a backslash means in a plain literal is a setting of the caller's session, so functions
-- have none, or write E''.
CREATE OR REPLACE FUNCTION countersign.unshowable_characters() RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN E'[\\x01-\\x1f\\x7f-\\x9f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f'
           || E'\\u200b\\u2028-\\u202e\\u2060-\\u2065\\u206a-\\u206f\\u2800\\u3164\\ue000-\\uf8ff\\ufdd0-\\ufdef'
           || E'\\ufe00-\\ufe0d\\ufeff\\uffa0\\ufff0-\\ufffc\\ufffe\\uffff\\U0001bca0-\\U0001bca3'
           || E'\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff\\U000f0000-\\U0010ffff]';
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

CREATE OR REPLACE FUNCTION countersign.is_inet(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN masklen(value::inet) IN (32, 128) AND value !~ '/';
EXCEPTION WHEN data_exception THEN
    RETURN false;
END
$$;

CREATE OR REPLACE FUNCTION countersign.is_callback_uri(uri text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN octet_length(uri) <= 2048
        AND uri ~ '^https?://([A-Za-z0-9._-]+|[[][0-9A-Fa-f:.]+])(:[0-9]{1,5})?(/[!-"$-~]*)?([?][!-"$-~]*)?$';
END
$$;
