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

-- Refuses (CS003) a text that is too long or holds control or bidirectional formatting characters, with
-- which a message could be made to look like another one on the user's phone. What a backslash means in a
-- plain literal is a setting of the caller's session, so functions have none, or write E''.
CREATE OR REPLACE FUNCTION countersign.check_text(column_name text, value text, longest integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF char_length(value) > longest THEN
        PERFORM countersign.refuse('CS003', format('%s is longer than %s characters', column_name, longest));
    ELSIF value ~ E'[\\x01-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]' THEN
        PERFORM countersign.refuse('CS003', format(
            '%s holds a control or bidirectional formatting character; printable text is allowed', column_name));
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
