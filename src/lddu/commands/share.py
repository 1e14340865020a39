"""`lddu share`: a run, without its clips, on the Hugging Face Hub."""

import tempfile
from pathlib import Path
from typing import Annotated

from lddu.commands.options import Flag

EXAMPLES = """Examples:
  lddu share run someone/voices --dry-run    # what would go up
  lddu share run someone/voices              # private
  lddu predict someone/voices talk.mp4"""


def share(
    run: str,
    repository: str,
    /,
    *,
    public: Annotated[bool, Flag] = False,
    with_clips: Annotated[bool, Flag] = False,
    message: str = "",
    dry_run: Annotated[bool, Flag] = False,
) -> None:
    """Share a run on the Hugging Face Hub: weights, decision, figures and card, in one commit.

    Nothing of the corpus goes up, and no path. Log in once with "hf auth login".

    Parameters
    ----------
    run
        Run folder, a .zip of one, or "default".
    repository
        Owner and name, such as someone/voices; made where there is none.
    public
        Let everybody see it. Without this, a repository that is made is private, and one that is public is refused.
    with_clips
        Also upload ids, groups, labels and predictions of validation and test clips.
    message
        Of the commit.
    dry_run
        Only list what would go up and what stays; nothing is sent.
    """
    from lddu.commands.screen import notes, results
    from lddu.pages.share import prepared, push_to_hub, repository_name
    from lddu.runs.named_runs import opened_run

    if dry_run:
        with tempfile.TemporaryDirectory(prefix="lddu-share-") as folder:
            packed = prepared(opened_run(run), Path(folder), repository_name(repository), with_clips)
    else:
        pushed = push_to_hub(run, repository, not public, with_clips, message)
        packed = pushed.packed
    for name, size in packed.files.items():
        notes().print(
            f"{'would go up' if dry_run else 'shared'}: {name} ({size:,} bytes)", markup=False, soft_wrap=True
        )
    for what in packed.left_out:
        notes().print(f"stays here: {what}", markup=False, soft_wrap=True)
    if not dry_run:
        seen = "private" if pushed.private else "public"
        results().print(f"{pushed.address} ({seen}), revision {pushed.revision}", markup=False, soft_wrap=True)
