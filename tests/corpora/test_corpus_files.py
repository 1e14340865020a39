"""The importers of TAILOR's, MMSA's and M3ED's files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lddu.corpora.corpus_format import ImportOptions
from lddu.corpora.importing import format_of, import_corpus
from lddu.corpora.m3ed.annotation import emotions_in, read_annotation, seconds_of
from lddu.corpora.mosei import mmsa
from lddu.errors import SourceError
from lddu.labels import M3ED_EMOTIONS, MOSEI_EMOTIONS
from lddu.store.store import FeatureStore, file_sha256
from tests import builders_corpora as build


def imported(source: Path, **extra: Any) -> FeatureStore:
    options = ImportOptions(extra={name.replace("_", "-"): value for name, value in extra.items()})
    return import_corpus(source, source.parent / f"store{len(list(source.parent.glob('store*')))}", options=options)


def same(a: FeatureStore, b: FeatureStore) -> bool:
    """Whether two stores hold the same clips, labels and numbers."""
    return (
        a.table.clip.tolist() == b.table.clip.tolist()
        and np.array_equal(a.table.labels, b.table.labels, equal_nan=True)
        and all(np.array_equal(a.steps(m, i), b.steps(m, i)) for m in a.modalities for i in range(len(a)))
    )


class TestTailor:
    """Padded sequences, token labels."""

    def test_labels_are_the_listed_emotions_in_the_order_of_the_release(self, tmp_path: Path) -> None:
        store = imported(build.write_tailor(tmp_path / "mosei.pt"))
        assert store.emotions == MOSEI_EMOTIONS
        assert store.table.labels[0].tolist() == [0] * 6
        assert store.table.labels[3].tolist() == [1, 0, 0, 0, 0, 1]
        assert store.table.split_counts() == {"train": 4, "valid": 4, "test": 4}

    def test_padding_is_removed_and_a_face_of_zeros_is_missing(self, tmp_path: Path) -> None:
        store = imported(build.write_tailor(tmp_path / "mosei.pt"))
        assert store.lengths("text")[:4].tolist() == [2, 3, 4, 5]
        assert store.lengths("visual")[:4].tolist() == [2, 0, 4, 5]
        assert store.manifest["repairs"]["non_finite_values"] == {"audio": 6}
        assert store.manifest["repairs"]["all_zero_clips"] == {"visual": 3}

    def test_old_and_new_forms_lists_and_tensors_give_the_same_store(self, tmp_path: Path) -> None:
        import torch

        content = build.tailor_content()
        stacked = {
            split: {key: torch.tensor(np.stack(v)) if key != "tgt" else v for key, v in part.items()}
            for split, part in content.items()
        }
        padded = {s: {**p, "tgt": torch.tensor([t + [0] * (9 - len(t)) for t in p["tgt"]])} for s, p in stacked.items()}
        stores = [
            imported(build.write_tailor(tmp_path / f"{i}.pt", c, old))
            for i, (c, old) in enumerate([(content, False), (content, True), (stacked, False), (padded, True)])
        ]
        assert all(same(stores[0], other) for other in stores[1:])

    def test_m3ed_in_this_form_has_seven_emotions(self, tmp_path: Path) -> None:
        store = imported(build.write_tailor(tmp_path / "data.pt", build.tailor_content(emotions=7)))
        assert store.emotions == M3ED_EMOTIONS
        assert store.table.labels[3].tolist() == [1, 0, 0, 0, 0, 0, 1]

    @pytest.mark.parametrize("tokens", [[4, 3], [2, 4], [2, 12, 3], [2, 4, 3, 5], [2, 1, 3], []])
    def test_labels_of_another_form_name_the_clip(self, tmp_path: Path, tokens: list[int]) -> None:
        content = build.tailor_content()
        content["valid"]["tgt"][1] = tokens
        with pytest.raises(SourceError, match=r"tgt of clip 'valid-00001' in .*mosei.pt to be \[2, ids"):
            imported(build.write_tailor(tmp_path / "mosei.pt", content))

    def test_other_numbers_of_clips_are_refused(self, tmp_path: Path) -> None:
        content = build.tailor_content()
        content["test"]["src-audio"].pop()
        with pytest.raises(SourceError, match="Expected 4 clips in src-audio of test"):
            imported(build.write_tailor(tmp_path / "mosei.pt", content))

    def test_another_torch_file_says_what_is_lacking(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="'tgt', but got one with weight"):
            imported(build.write_tailor(tmp_path / "mosei.pt", {"train": {"weight": [1.0]}}))


class TestMmsa:
    """BERT, COVAREP and FACET without emotions."""

    def corpus(self, folder: Path, aligned: bool = True, content: Any = None) -> tuple[Path, Path]:
        name = "aligned_50.pkl" if aligned else "unaligned_50.pkl"
        source = build.write_pickle(folder / name, content or build.mmsa_content(aligned))
        return source, build.mmsa_labels(folder / "labels" / "CMU_MOSEI_Labels.csd")

    def test_emotions_come_from_the_row_that_the_sentiment_proves(self, tmp_path: Path) -> None:
        source, labels = self.corpus(tmp_path)
        store = imported(source, labels=labels)
        rows = {clip: row for row, clip in enumerate(store.table.clip)}
        assert list(rows)[:4] == ["-va[2]", "-va[3]", "-va[10]", "-va[13]"]
        for clip, row in rows.items():
            number = int(clip.partition("[")[2][:-1])
            assert store.table.labels[row].tolist() == [float((number + e) % 3 > 0) for e in range(6)]
        assert store.manifest["repairs"]["duplicate_clips"] == {"clips": 1}
        assert "clips_without_labels" not in store.manifest["repairs"]

    def test_a_row_that_the_sentiment_contradicts_labels_nothing(self, tmp_path: Path) -> None:
        content = build.mmsa_content()
        content["valid"]["regression_labels"][1] += 1
        source, labels = self.corpus(tmp_path, content=content)
        store = imported(source, labels=labels)
        assert store.manifest["repairs"]["clips_without_labels"] == {"clips": 3}
        assert np.isnan(store.table.labels[store.table.split == "valid"]).all()
        assert any("3 of 10 clips have no emotions" in sentence for sentence in store.manifest["warnings"])

    def test_a_row_without_sentiment_proves_nothing(self, tmp_path: Path) -> None:
        source, _ = self.corpus(tmp_path)
        numbers = {
            video: [(k, build.mmsa_sentiment(video, k)) for k in own] for video, own in build.MMSA_NUMBERS.values()
        }
        entries = {
            video: ([[float(k), float(k) + 1] for k, _ in own], np.array([[s, *[1.0] * 6] for _, s in own]))
            for video, own in numbers.items()
        }
        whole = imported(source, labels=build.write_csd(tmp_path / "whole.csd", "All Labels", entries))
        assert "clips_without_labels" not in whole.manifest["repairs"]
        entries["-va"][1][0, 0] = np.nan
        store = imported(source, labels=build.write_csd(tmp_path / "lacking.csd", "All Labels", entries))
        lost = [clip for clip, row in zip(store.table.clip, store.table.labels, strict=True) if np.isnan(row).all()]
        assert lost and all(clip.startswith("-va[") for clip in lost)

    def test_a_clip_that_mmsa_left_out_does_not_shift_the_others(self, tmp_path: Path) -> None:
        whole, labels = self.corpus(tmp_path / "whole")
        content = build.mmsa_content()
        content["train"] = {key: value[1:] for key, value in content["train"].items()}
        part, _ = self.corpus(tmp_path / "part", content=content)
        kept, all_ = imported(part, labels=labels).table, imported(whole, labels=labels).table
        for row, clip in enumerate(kept.clip):
            assert kept.labels[row].tolist() == all_.labels[all_.clip.tolist().index(clip)].tolist()

    def test_labels_by_their_own_numbers_are_joined_by_id(self, tmp_path: Path) -> None:
        source, by_order = self.corpus(tmp_path)
        entries = {
            f"{video}[{k}]": ([[0.0, 1.0]], np.array([[build.mmsa_sentiment(video, k), *[float(int(k) % 2)] * 6]]))
            for video, numbers in build.MMSA_NUMBERS.values()
            for k in numbers
        }
        labels = build.write_csd(tmp_path / "numbered.csd", "All Labels", entries)
        table = imported(source, labels=labels).table
        assert table.labels[:, 0].tolist() == [float(int(clip.partition("[")[2][:-1]) % 2) for clip in table.clip]
        assert by_order.exists()

    def test_labels_without_the_sentiment_prove_nothing_and_are_refused(self, tmp_path: Path) -> None:
        source, _ = self.corpus(tmp_path)
        entries = {video: ([[0.0, 1.0]] * 4, np.zeros((4, 6))) for video in ("-va", "-vb", "-vc")}
        labels = build.write_csd(tmp_path / "CMU_MOSEI_LabelsEmotions.csd", "Emotion Labels", entries)
        with pytest.raises(SourceError, match=r"the sentiment beside the emotions in .*CMU_MOSEI_Labels\.csd"):
            imported(source, labels=labels)

    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    def test_a_csv_as_a_spreadsheet_writes_it_is_read(self, tmp_path: Path, separator: str) -> None:
        source, _ = self.corpus(tmp_path)
        header, row = separator.join(("clip", *MOSEI_EMOTIONS)), separator.join(("-va$_$2", *"010001"))
        (tmp_path / "l.csv").write_text(f"\ufeff{header}\r\n{row}\r\n", encoding="utf-8")
        assert imported(source, labels=tmp_path / "l.csv").table.labels[0].tolist() == [0, 1, 0, 0, 0, 1]

    def test_a_csv_in_the_order_of_the_rows_gives_the_same_labels(self, tmp_path: Path) -> None:
        source, labels = self.corpus(tmp_path)
        assert same(imported(source, labels=build.mmsa_csv(tmp_path / "l.csv")), imported(source, labels=labels))

    def test_a_video_that_the_labels_lack_stays_unknown(self, tmp_path: Path) -> None:
        content = build.mmsa_content()
        content["test"]["id"][0] = "-nobody$_$4"
        source, labels = self.corpus(tmp_path, content=content)
        store = imported(source, labels=labels)
        row = store.table.clip.tolist().index("-nobody[4]")
        assert np.isnan(store.table.labels[row]).all() and store.lengths("text")[row] > 0
        assert store.manifest["repairs"]["clips_without_labels"] == {"clips": 1}

    def test_a_csv_of_ids_leaves_clips_without_a_row_unknown(self, tmp_path: Path) -> None:
        source, _ = self.corpus(tmp_path)
        labels = tmp_path / "l.csv"
        labels.write_text(f"video_id,clip_id,{','.join(MOSEI_EMOTIONS)}\n-va,2,1,0,0,0.33,0,\n-vb,9,1,1,1,1,1,1\n")
        store = imported(source, labels=labels)
        assert np.array_equal(store.table.labels[0], [1, 0, 0, 1, 0, np.nan], equal_nan=True)
        assert store.manifest["repairs"]["clips_without_labels"] == {"clips": 8}
        assert store.manifest["repairs"]["labels_without_clip"] == {"clips": 1}

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("mode,tgt\ntrain,\"[2, 3]\"\n", "Expected 5 rows of train"),
            ("mode,tgt\nearly,\"[2, 3]\"\n", "train, valid or test as mode in line 2"),
            ("clip,tgt\n-va[2],\"[2, 30, 3]\"\n", "line 2 of .* emotions from 4 to 9"),
            ("clip,tgt\n-va[2],__import__('os')\n", "line 2 of .* to be a list"),
            ("a,b\n1,2\n", "columns mode and tgt"),
            ("clip,tgt\nnobody[1],\"[2, 3]\"\n", "none of 10 clips matches"),
            ("clip,tgt\n", "it has no rows"),
            ("clip,tgt\n-va[2],\"[2, 3]\"\n-va[2],\"[2, 4, 3]\"\n", "labels it differently"),
        ],
    )  # fmt: skip
    def test_label_files_that_cannot_be_used(self, tmp_path: Path, text: str, message: str) -> None:
        source, _ = self.corpus(tmp_path)
        (tmp_path / "l.csv").write_text(text)
        with pytest.raises(SourceError, match=message):
            imported(source, labels=tmp_path / "l.csv")

    def test_labels_are_asked_for(self, tmp_path: Path) -> None:
        source, _ = self.corpus(tmp_path)
        with pytest.raises(SourceError, match="Expected `labels`"):
            imported(source)

    def test_padding_is_what_the_mask_and_the_lengths_say(self, tmp_path: Path) -> None:
        content = build.mmsa_content(aligned=False)
        source, labels = self.corpus(tmp_path, aligned=False)
        store = imported(source, labels=labels)
        train = content["train"]
        assert store.lengths("text")[:4].tolist() == train["text_bert"][:4, 1].sum(axis=1).tolist()
        assert store.lengths("audio")[:4].tolist() == train["audio_lengths"][:4]
        assert np.array_equal(store.steps("text", 1), train["text"][1, : store.lengths("text")[1]])

    def test_the_published_checksum_is_recognised_and_another_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source, labels = self.corpus(tmp_path)
        other = imported(source, labels=labels).manifest
        assert any("neither that of MMSA's published" in sentence for sentence in other["warnings"])
        monkeypatch.setattr(mmsa, "PUBLISHED", {"aligned_50.pkl": file_sha256(source)})
        fitting = imported(source, labels=labels).manifest
        assert fitting["source"]["checksum"] == "that of MMSA's published aligned_50.pkl"
        assert not any("sha256" in sentence for sentence in fitting["warnings"])


class TestM3ed:
    """Dialogues and utterances."""

    def test_a_dialogue_is_a_sample_with_the_union_of_its_labels(self, tmp_path: Path) -> None:
        content = build.m3ed_content()
        store = imported(build.write_pickle(tmp_path / "m3ed.pkl", content))
        assert store.emotions == M3ED_EMOTIONS
        assert store.table.split_counts() == {"train": 3, "valid": 1, "test": 1, "unused": 1}
        for row, name in enumerate(store.table.clip):
            assert store.lengths("text")[row] == len(content[2][name])
            assert store.table.labels[row].tolist() == [float(e in content[2][name]) for e in range(7)]
        assert store.lengths("visual")[list(store.table.clip).index("show0_2")] == 0
        assert store.manifest["repairs"]["duplicate_dialogues"] == {"clips": 1}
        assert store.manifest["repairs"]["non_finite_values"] == {"audio": 1}
        assert store.table.transcript[0] == "说 show0_0 0 说 show0_0 1"

    def test_a_dialogue_of_the_splits_without_labels_is_left_out_and_counted(self, tmp_path: Path) -> None:
        content = build.m3ed_content()
        content[9].append("show9_9")
        store = imported(build.write_pickle(tmp_path / "m3ed.pkl", content))
        assert store.manifest["repairs"]["dialogues_without_labels"] == {"clips": 1}
        assert "show9_9" not in store.table.clip

    def test_an_utterance_is_a_sample_with_its_own_label(self, tmp_path: Path) -> None:
        content = build.m3ed_content()
        store = imported(build.write_pickle(tmp_path / "m3ed.pkl", content), protocol="utterance")
        assert store.table.clip[:3].tolist() == ["show0_0_1", "show0_0_2", "show0_1_1"]
        labels = [label for name in ("show0_0", "show0_1") for label in content[2][name]]
        assert store.table.labels[:5].argmax(axis=1).tolist() == labels
        assert (store.table.labels.sum(axis=1) == 1).all()
        assert set(store.lengths("text").tolist()) == {1}
        assert store.table.group[0] == "show0_0"

    def test_an_utterance_without_a_finite_number_is_missing_and_not_called_zero(self, tmp_path: Path) -> None:
        content = build.m3ed_content()
        content[5]["show0_0"][0][:] = np.nan
        content[5]["show0_0"][1][:] = 0
        store = imported(build.write_pickle(tmp_path / "m3ed.pkl", content), protocol="utterance")
        assert store.lengths("audio")[:2].tolist() == [0, 0]
        assert store.manifest["repairs"]["non_finite_clips"] == {"audio": 1}
        assert store.manifest["repairs"]["all_zero_clips"] == {"audio": 1}

    def test_annotators_give_shares_whose_presence_is_the_final_label(self, tmp_path: Path) -> None:
        content = build.m3ed_content()
        build.write_json(tmp_path / "annotation.json", build.annotation_content(content))
        build.write_pickle(tmp_path / "m3ed.pkl", content)
        store = imported(tmp_path, protocol="utterance")
        present = store.table.labels >= store.present_at
        first = content[2]["show0_0"]
        assert present[0].nonzero()[0].tolist() == [first[0]]
        assert sorted(present[1].nonzero()[0].tolist()) == sorted([first[1], (first[1] + 1) % 7])
        assert store.table.labels[1][first[1]] == pytest.approx(2 / 3)
        assert store.manifest["repairs"]["adjudicated_absent"] == {"labels": 6}
        assert (store.table.start[1], store.table.end[1]) == (2.0, 3.2)

    def test_annotations_that_do_not_fit_are_counted_and_not_used(self, tmp_path: Path) -> None:
        content = build.m3ed_content()
        annotation = build.annotation_content(content)
        del annotation["show0"]["show0_0"]["Dialog"]["show0_0_1"]
        annotation["show0"]["show0_1"]["Dialog"]["show0_1_1"]["EmoAnnotation"]["EmoAnnotator1"] = "Bored"
        labels = build.write_json(tmp_path / "annotation.json", annotation)
        store = imported(build.write_pickle(tmp_path / "m3ed.pkl", content), labels=labels, protocol="utterance")
        assert store.manifest["repairs"]["dialogues_not_in_annotation"] == {"clips": 1}
        assert store.manifest["repairs"]["unknown_emotion_names"] == {"labels": 1}
        assert any("bored" in sentence for sentence in store.manifest["warnings"])

    @pytest.mark.parametrize("separator", [",", ", ", ";", "/", "|", " ", "、", "，", "+", " and "])
    def test_emotions_are_separated_by_anything_common(self, separator: str) -> None:
        from collections import Counter

        strange: Counter[str] = Counter()
        assert emotions_in(separator.join(("Happy", "Surprise")), strange) == {"happy", "surprise"}
        assert not strange

    @pytest.mark.parametrize(
        ("told", "seconds"),
        [("00:00:01:04", 1.16), ("01:02:03.5", 3723.5), ("02:03", 123.0), (7, 7.0), ("", None), ("a:b", None)],
    )
    def test_times_are_hours_minutes_seconds_and_frames(self, told: object, seconds: float | None) -> None:
        assert seconds_of(told) == pytest.approx(seconds)

    def test_the_real_file_of_this_nesting_is_read(self, shared_data: Path) -> None:
        annotation = read_annotation(shared_data / "m3ed_index" / "cicc2024_val_data.json")
        assert len(annotation.dialogues) == 103
        assert sum(map(len, annotation.dialogues.values())) == 2482
        assert not annotation.strange
        said = [u for utterances in annotation.dialogues.values() for u in utterances]
        assert sum(utterance.decided == {"neutral"} for utterance in said) == 1200

    @pytest.mark.slow
    def test_the_real_dialogues_of_the_release_fall_into_its_splits(self, tmp_path: Path, shared_data: Path) -> None:
        import gzip
        import json

        names = {"train": "train", "valid": "valid", "test": "test"}
        order = {name.title(): i for i, name in enumerate(M3ED_EMOTIONS)}
        labels: dict[str, list[int]] = {}
        splits: dict[str, list[str]] = {}
        for split, file in names.items():
            with gzip.open(shared_data / "m3ed_index" / f"emobox_m3ed_{file}.json.gz") as stream:
                for key, told in json.load(stream).items():
                    dialogue = key.removeprefix("m3ed-").rpartition("_")[0]
                    labels.setdefault(dialogue, []).append(order[told["emo"]])
                    splits.setdefault(split, []).append(dialogue)
        rows = {name: np.ones((len(told), 2), "f4") for name, told in labels.items()}
        content = [list(labels), {}, labels, rows, rows, rows, {}, *(sorted(set(splits[s])) for s in names)]
        source = build.write_pickle(tmp_path / "m3ed.pkl", content)
        utterances = imported(source, protocol="utterance")
        assert utterances.table.split_counts() == {"train": 17420, "valid": 2819, "test": 4198}
        assert len(imported(source)) == len(labels)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda c: c[:9], "a list of 10 parts"),
            (lambda c: (1, 2), "a list of 10 parts"),
            (lambda c: [*c[:2], [1], *c[3:]], "part 2 of .* keyed by dialogue"),
            (lambda c: [*c[:2], {**c[2], "show0_0": [0, 7]}, *c[3:]], "labels of dialogue 'show0_0' .* from 0"),
            (lambda c: [*c[:3], {**c[3], "show0_0": ["a", "b"]}, *c[4:]], "text of dialogue 'show0_0' .* numbers"),
        ],
    )
    def test_other_pickles_say_what_is_expected(self, tmp_path: Path, change: Any, message: str) -> None:
        with pytest.raises(SourceError, match=message):
            imported(build.write_pickle(tmp_path / "m3ed.pkl", change(build.m3ed_content())))

    def test_labels_alone_are_no_corpus(self, tmp_path: Path) -> None:
        labels = build.write_json(tmp_path / "annotation.json", build.annotation_content(build.m3ed_content()))
        with pytest.raises(SourceError, match="holds labels only"):
            imported(labels)

    def test_another_protocol_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="dialogue or utterance"):
            imported(build.write_pickle(tmp_path / "m3ed.pkl", build.m3ed_content()), protocol="turn")


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_are_told_apart_whatever_their_protocol(tmp_path: Path, protocol: int) -> None:
    assert format_of(build.write_pickle(tmp_path / "b.pkl", build.mmsa_content(), protocol)).name == "mmsa"
    for content in (build.m3ed_content(), tuple(build.m3ed_content())):
        assert format_of(build.write_pickle(tmp_path / "c.pkl", content, protocol)).name == "m3ed"


def test_every_form_is_told_from_the_others(tmp_path: Path) -> None:
    assert format_of(build.write_tailor(tmp_path / "a.pt")).name == "tailor"
    assert format_of(build.write_pickle(tmp_path / "b.pkl", build.mmsa_content())).name == "mmsa"
    assert format_of(build.write_pickle(tmp_path / "c.pkl", build.m3ed_content())).name == "m3ed"


def test_a_folder_with_one_corpus_in_it_says_what_to_name(tmp_path: Path) -> None:
    source = build.write_pickle(tmp_path / "MOSEI" / "aligned_50.pkl", build.mmsa_content())
    (source.parent / "readme.txt").write_text("hello")
    with pytest.raises(SourceError, match=f"name {source} instead"):
        format_of(source.parent)
    build.write_pickle(tmp_path / "MOSEI" / "unaligned_50.pkl", build.mmsa_content())
    with pytest.raises(SourceError, match=r"holds aligned_50\.pkl, readme\.txt, unaligned_50\.pkl"):
        format_of(source.parent)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".pkl"])
def test_a_file_of_torch_is_told_by_its_form_and_not_by_its_name_alone(tmp_path: Path, suffix: str) -> None:
    source = build.write_tailor(tmp_path / f"a{suffix}")
    assert format_of(source).name == "tailor"
