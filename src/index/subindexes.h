/*-------------------------------------------------------------------------
 *
 * subindexes.h
 *	  The storage parameter "subindexes": which sub-indexes a user asks for.
 *
 * It is auto, none, or a list of a column and a kind each, as in
 *		subindexes = 'title inverted, "Place" rtree'
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_SUBINDEXES_H
#define MM_SUBINDEXES_H

#include "utils/relcache.h"

#include "mmdb.h"

typedef enum MMSubindexKind
{
	MM_SUBINDEX_RTREE = 1,
	MM_SUBINDEX_MVP,
	MM_SUBINDEX_INVERTED,
} MMSubindexKind;

#define MM_SUBINDEX_KINDS	MM_SUBINDEX_INVERTED	/* the greatest */

typedef struct MMAskedSubindex
{
	char	   *column;			/* its name */
	MMSubindexKind kind;
} MMAskedSubindex;

typedef struct MMAskedSubindexes
{
	bool		automatic;		/* auto */
	int			n;				/* or those of the list */
	MMAskedSubindex of[MM_MAX_COLUMNS];
} MMAskedSubindexes;

/*
 * mm_subindexes_parse: take the parameter's value apart, in the current
 * context; NULL stands for auto.  Raises an error if it is not well formed, or if
 * it names a column twice or a kind that does not exist.  Whether there are
 * such columns is not known here.
 *
 * mm_subindexes_validate: raise the same errors.
 */
extern void mm_subindexes_parse(const char *value, MMAskedSubindexes *asked);
extern void mm_subindexes_validate(const char *value);

/*
 * mm_subindex_kind_name: the name of a kind, as users write it.
 */
extern const char *mm_subindex_kind_name(MMSubindexKind kind);

/*
 * mm_subindex_kinds_list: the names of all kinds, with commas between them.
 */
extern char *mm_subindex_kinds_list(void);

#endif							/* MM_SUBINDEXES_H */
