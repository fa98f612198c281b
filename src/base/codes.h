/* SPDX-License-Identifier: MIT */
/*
 * codes.h - every stable error code, once: code, name, what it means
 *
 * Append only; a number is never reused. docs/errors.md is made from this list.
 *   E01xx  the text of a manifest (YAML)        E05xx  setting up a run
 *   E02xx  the meaning of a manifest            E06xx  the command of a run
 *   E03xx  finding, extending, trusting it      E07xx  command line usage, output
 *   E04xx  planning: clauses without mechanism  E08xx  state directory, record, results
 *                                               E09xx  importing from other programs
 */
#ifndef ENC_BASE_CODES_H
#define ENC_BASE_CODES_H

#define ENC_CODES(X)                                                                               \
	X("E0101", syntax, "the text is not valid YAML")                                           \
	X("E0102", alias, "anchors and aliases are not allowed")                                   \
	X("E0103", tag, "tags and directives are not allowed")                                     \
	X("E0104", duplicate_key, "a key stands twice in one map")                                 \
	X("E0105", too_large, "the file is too large, too deep or has too many values")            \
	X("E0106", encoding, "the text is not UTF-8 or has control characters")                    \
	X("E0107", key_kind, "a key is not plain text")                                            \
	X("E0108", documents, "there is more than one document")                                   \
	X("E0201", version, "`enclosure: 1` is missing or names another version")                  \
	X("E0202", unknown_key, "there is no such key")                                            \
	X("E0203", wrong_type, "a value is of the wrong kind (list, map, text)")                   \
	X("E0204", bad_value, "a value is not of its key's type")                                  \
	X("E0205", out_of_range, "a number is out of range")                                       \
	X("E0206", unknown_word, "a word is not one of those that its key knows")                  \
	X("E0207", missing_key, "a key that an item needs is missing")                             \
	X("E0208", duplicate, "an entry stands twice in one list")                                 \
	X("E0209", bad_path, "a path can't be understood")                                         \
	X("E0210", bad_variable, "a path names a variable that does not exist")                    \
	X("E0211", bad_pattern, "a pattern can't be understood")                                   \
	X("E0212", impossible_path, "a path that can't be granted, denied or protected")           \
	X("E0213", contradiction, "two clauses contradict each other")                             \
	X("E0214", network_pair, "a network key that means nothing beside the others")             \
	X("E0215", workspace, "the workspace is the home directory, holds it, or is the system's") \
	X("E0216", user, "the user does not exist or may not be named")                            \
	X("E0218", rules_shape, "the text of `rules` has no such shape")                           \
	X("E0219", credential, "a credential that could never be used")                            \
	X("E0220", variable_name, "not the name of an environment variable")                       \
	X("E0221", accept, "`accept` names no clause")                                             \
	X("E0301", no_manifest, "there is no such manifest or profile")                            \
	X("E0302", unreadable, "a manifest can't be read")                                         \
	X("E0303", extends, "`extends` names what is not there")                                   \
	X("E0304", cycle, "`extends` goes in a circle")                                            \
	X("E0305", too_deep, "`extends` is too deep, or a policy has too many parts")              \
	X("E0306", untrusted, "a manifest that was found is not trusted")                          \
	X("E0307", owner, "a manifest that was found belongs to, or can be changed by, others")    \
	X("E0308", ceiling, "the ceiling can't be used")                                           \
	X("E0309", exceeds, "the manifest exceeds the ceiling")                                    \
	X("E0310", trust_store, "the trust of manifests can't be read or kept")                    \
	X("E0311", exists, "there is a file already where a manifest shall be written")            \
	X("E0401", unbound, "a clause of the manifest has no mechanism on this machine")           \
	X("E0402", cwd, "the working directory is not visible inside")                             \
	X("E0403", user, "the run's user is unknown, or not for the caller to choose")             \
	X("E0404", state_granted, "a grant reaches into Enclosure's own state directory")          \
	X("E0501", setup, "a wall could not be put up")                                            \
	X("E0601", not_found, "the command was not found inside the enclosure")                    \
	X("E0602", not_executable, "the command was found but can't be executed")                  \
	X("E0701", usage, "the command line was not understood")                                   \
	X("E0702", output, "standard output or another output can't be written")                   \
	X("E0801", state, "the state directory can't be used")                                     \
	X("E0802", no_run, "there is no such run")                                                 \
	X("E0803", run_state, "the run is in another state than was asked for")                    \
	X("E0804", layer, "the layer of an overlay workspace, or the workspace, can't be used")    \
	X("E0805", meanwhile, "the workspace was changed since the run started")                   \
	X("E0901", import_read, "what is to be imported can't be read")                            \
	X("E0902", import_value, "what is to be imported is not what its program takes")           \
	X("E0903", import_note, "an import: the two programs differ, and nothing is lost")         \
	X("E0904", import_dropped, "an import: a permission without an equal was left out")        \
	X("E0905", import_tightened, "an import: the manifest allows less")                        \
	X("E0906", import_approximate, "an import: nearly the same, with the difference named")    \
	X("E0907", import_weaker, "an import: a restriction has no equal")

/* NULL for a code that does not exist; enc_code_at() gives the codes in the order of the list, then NULL. */
const char *enc_code_name(const char *code);
const char *enc_code_meaning(const char *code);
const char *enc_code_at(unsigned i);
/* docs/errors.md */
struct enc_buf;
void enc_codes_docs(struct enc_buf *out);

#endif
