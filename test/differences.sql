-- For tests that compare an answer with what it should be: the rows in which the
-- two differ, ten at most, one a line with the query; NULL if they are the same.
-- Row n of the one is compared with row n of the other; one that is missing is NULL.
CREATE FUNCTION differences(query text, got text[], expected text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN got IS DISTINCT FROM expected THEN
		(SELECT string_agg(format('%s: row %s is %s, expected %s', query, n, coalesce(g, 'NULL'), coalesce(e, 'NULL')),
						   E'\n' ORDER BY n)
		 FROM (SELECT n, g, e FROM unnest(got, expected) WITH ORDINALITY u(g, e, n)
			   WHERE g IS DISTINCT FROM e ORDER BY n LIMIT 10) d) END
$$;
