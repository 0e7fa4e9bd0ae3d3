/*-------------------------------------------------------------------------
 *
 * edit.h
 *	  Edit distance of two strings of character codes.
 *
 * The edit (Levenshtein) distance is the least number of insertions, deletions
 * and substitutions of one character that turn one string into the other.  One
 * string, the pattern, is prepared; any number of other strings can then be
 * compared with it.
 *
 * A string is narrow (uint8 codes) or wide (uint32 codes).  Both kinds number
 * characters alike, so a narrow string can be compared with a wide one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_EDIT_H
#define MM_EDIT_H

typedef struct EditString
{
	int			length;			/* characters */
	bool		wide;			/* codes are uint32, not uint8 */
	const void *codes;
} EditString;

typedef struct EditPattern EditPattern;

/*
 * mm_edit_pattern_size: the bytes of memory that a prepared pattern takes.
 */
extern Size mm_edit_pattern_size(const EditString *pattern);

/*
 * mm_edit_prepare: prepare a pattern in memory of mm_edit_pattern_size()
 * bytes, aligned for uint64.  The pattern's codes must stay where they are.
 */
extern EditPattern *mm_edit_prepare(const EditString *pattern, void *memory);

/*
 * mm_edit_workspace_size: the bytes of workspace that mm_edit_distance needs
 * for a text of that many characters.  It is 0 for patterns of up to 256
 * characters.
 */
extern Size mm_edit_workspace_size(const EditPattern *pattern, int length);

/*
 * mm_edit_distance: the edit distance of the pattern and text if it is at most
 * bound; otherwise some number above bound.  A negative bound stands for none.
 *
 * Myers, "A fast bit-vector algorithm for approximate string matching based on
 * dynamic programming" (1999), in the block form of Hyyro, "A bit-vector
 * algorithm for computing Levenshtein and Damerau edit distances" (2003).
 * With a bound, only the diagonal band is computed that Ukkonen (1985) shows
 * to suffice.  This takes length(pattern) / 64 * length(text) steps.
 */
extern int	mm_edit_distance(EditPattern *pattern, const EditString *text,
						  int bound, void *workspace);

/*
 * mm_edit_beginning: a lower bound of the edit distances of the pattern to the
 * strings that begin with text and have rest >= 0 further characters, whatever
 * these are.
 */
extern int	mm_edit_beginning(const EditPattern *pattern, const EditString *text, int rest);

#endif							/* MM_EDIT_H */
