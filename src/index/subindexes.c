/*-------------------------------------------------------------------------
 *
 * subindexes.c
 *	  Parsing the storage parameter "subindexes"; see subindexes.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "parser/scansup.h"

#include "index/subindexes.h"

static const char *const kind_names[MM_SUBINDEX_KINDS + 1] = {
	[MM_SUBINDEX_RTREE] = "rtree",
	[MM_SUBINDEX_MVP] = "mvp",
	[MM_SUBINDEX_INVERTED] = "inverted",
};

const char *
mm_subindex_kind_name(MMSubindexKind kind)
{
	return kind_names[kind];
}

static void
report_syntax(const char *value, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for storage parameter \"subindexes\": \"%s\"", value),
			 errdetail("%s", detail),
			 errhint("Write auto, none, or pairs of a column and a kind, with commas between them. Kinds are rtree, mvp and inverted.")));
}

static const char *
skip_space(const char *pt)
{
	while (scanner_isspace(*pt))
		pt++;
	return pt;
}

/*
 * The next word.  It is an identifier as SQL has them: either in quotes, or
 * ended by white space or a comma.  An empty one stands for none.
 */
static char *
next_word(const char **pt, const char *value)
{
	const char *from = skip_space(*pt);
	const char *to = from;
	char	   *word;

	if (*from == '"')
	{
		char	   *end = word = palloc(strlen(from));

		for (to++; *to != '"' || to[1] == '"'; to++)
		{
			if (*to == '\0')
				report_syntax(value, "A quote is not closed.");
			to += *to == '"';
			*end++ = *to;
		}
		*end = '\0';
		*pt = to + 1;
		return word;
	}
	while (*to != '\0' && *to != ',' && !scanner_isspace(*to))
		to++;
	*pt = to;
	return downcase_identifier(from, to - from, false, false);
}

static MMSubindexKind
find_kind(const char *value, const char *column, const char *name)
{
	for (int kind = 1; kind <= MM_SUBINDEX_KINDS; kind++)
		if (strcmp(name, kind_names[kind]) == 0)
			return kind;
	report_syntax(value, *name == '\0' ?
				  psprintf("Column \"%s\" has no kind of sub-index after it.", column) :
				  psprintf("There is no kind \"%s\", which column \"%s\" is to have.", name, column));
	pg_unreachable();
}

void
mm_subindexes_parse(const char *value, MMAskedSubindexes *asked)
{
	const char *pt = value;

	memset(asked, 0, sizeof(MMAskedSubindexes));
	asked->automatic = value == NULL || pg_strcasecmp(value, "auto") == 0;
	if (asked->automatic || pg_strcasecmp(value, "none") == 0)
		return;
	for (;;)
	{
		char	   *column = next_word(&pt, value);

		if (*column == '\0')
			report_syntax(value, "A column is missing.");
		for (int i = 0; i < asked->n; i++)
			if (strcmp(asked->of[i].column, column) == 0)
				report_syntax(value, psprintf("Column \"%s\" has two sub-indexes.", column));
		if (asked->n == MM_MAX_COLUMNS)
			report_syntax(value, psprintf("There are more than %d sub-indexes.", MM_MAX_COLUMNS));
		asked->of[asked->n].column = column;
		asked->of[asked->n].kind = find_kind(value, column, next_word(&pt, value));
		asked->n++;
		pt = skip_space(pt);
		if (*pt == '\0')
			return;
		if (*pt++ != ',')
			report_syntax(value, psprintf("After column \"%s\" and its kind comes something else than a comma.", column));
	}
}

void
mm_subindexes_validate(const char *value)
{
	MMAskedSubindexes asked;

	mm_subindexes_parse(value, &asked);
}
