/*-------------------------------------------------------------------------
 *
 * subindexes.c
 *	  Parsing the storage parameter "subindexes"; see subindexes.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
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

char *
mm_subindex_kinds_list(void)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int kind = 1; kind <= MM_SUBINDEX_KINDS; kind++)
		appendStringInfo(&list, "%s%s", kind > 1 ? ", " : "", kind_names[kind]);
	return list.data;
}

static void
report_syntax(const char *value, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for storage parameter \"subindexes\": \"%s\"", value),
			 errdetail("%s", detail),
			 errhint("Write auto, none, or a list like 'title rtree, \"Place\" rtree': a column, a space and a kind, with commas between these pairs. The kinds are %s.",
					 mm_subindex_kinds_list())));
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
				report_syntax(value, "The name of a column begins with a double quote, and there is none at its end.");
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
				  psprintf("There is no kind of sub-index after column \"%s\".", column) :
				  psprintf("After column \"%s\" comes \"%s\", which is not a kind of sub-index.", column, name));
	pg_unreachable();
}

/*
 * Is this all that a value says?
 */
static bool
is_only(const char *value, const char *word)
{
	const char *from = skip_space(value);
	Size		length = strlen(word);

	return pg_strncasecmp(from, word, length) == 0 && *skip_space(from + length) == '\0';
}

void
mm_subindexes_parse(const char *value, MMAskedSubindexes *asked)
{
	const char *pt = value;

	memset(asked, 0, sizeof(MMAskedSubindexes));
	asked->automatic = value == NULL || is_only(value, "auto");
	if (asked->automatic || is_only(value, "none"))
		return;
	for (;;)
	{
		char	   *column = next_word(&pt, value);

		if (*column == '\0')
			report_syntax(value, *skip_space(value) == '\0' ? "It is empty." :
						  "The name of a column is missing before or after a comma.");
		for (int i = 0; i < asked->n; i++)
			if (strcmp(asked->of[i].column, column) == 0)
				report_syntax(value, psprintf("Column \"%s\" is listed twice. It can have one sub-index.", column));
		if (asked->n == MM_MAX_COLUMNS)
			report_syntax(value, psprintf("The list is longer than an index can be, which has up to %d columns.", MM_MAX_COLUMNS));
		asked->of[asked->n].column = column;
		asked->of[asked->n].kind = find_kind(value, column, next_word(&pt, value));
		asked->n++;
		pt = skip_space(pt);
		if (*pt == '\0')
			return;
		if (*pt++ != ',')
			report_syntax(value, psprintf("After the kind of column \"%s\" there is neither a comma nor the end.", column));
	}
}

void
mm_subindexes_validate(const char *value)
{
	MMAskedSubindexes asked;

	mm_subindexes_parse(value, &asked);
}
