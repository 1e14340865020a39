"""The equations of the published systems, each against plain NumPy on small arrays."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from lddu.arrays import Flags, Floats
from lddu.config import CorpusSize, laid_over
from lddu.machine.ranks import ALONE
from lddu.models import equations
from lddu.models.families import family_of
from lddu.models.family import Task
from lddu.models.peers import misa, tailor, univa
from lddu.models.peers.blocks import Labels, MemoryContrast
from lddu.models.peers.carat import CaratObjective, CaratObjectiveSettings, reconstruction
from lddu.models.peers.carat_network import Carat, CaratAnswer
from lddu.models.peers.lmf import Lmf, LmfSettings
from lddu.models.peers.mms2s import Mms2s, SequenceObjective
from lddu.models.peers.prototypes import DECAY, Prototypes
from lddu.models.peers.tfn import Tfn, TfnSettings
from tests.models.test_every_family import clips, config_of, network

B, M, E, H = 6, 3, 4, 5


def seeds(test: Callable[..., None]) -> Callable[..., None]:
    """A test of a seed, whatever it is; a smaller one is no simpler, so that there is nothing to shrink."""
    few = settings(max_examples=20, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
    return few(given(seed=st.integers(0, 2**31))(test))


def numbers(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def flags(seed: int, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) < 0.7


def softmax(z: Floats) -> Floats:
    return np.asarray(np.exp(z) / np.exp(z).sum())


def sigmoid(z: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-z)))


def close(found: Tensor | float, wanted: Any) -> None:
    np.testing.assert_allclose(
        found if isinstance(found, float) else found.detach().numpy(), wanted, rtol=1e-4, atol=1e-6
    )


def bce(logit: Floats, target: Floats, known: Flags) -> float:
    p = sigmoid(logit)[known]
    return float(-np.mean(np.log(np.where(target[known] == 1, p, 1 - p)))) if known.any() else 0.0


# ------------------------------------------------------------------------------------------------------------ UniVA


@pytest.mark.parametrize("name", ["face", "visual"])
def test_univa_reads_faces_deeper_by_either_name(name: str) -> None:
    settings = univa.UnivaSettings(hidden=8, heads=2, inner=8, text_layers=4, layers=1)
    network = univa.Univa({"text": 3, "audio": 3, name: 3}, 2, settings)
    assert [len(encoder.layers) for encoder in network.encoders] == [4, 1, 3]  # type: ignore[arg-type]


@seeds
def test_univa_answers_the_log_odds_of_its_shares(seed: int) -> None:
    z = 3 * numbers(seed, B, E)
    close(univa.log_odds(z).sigmoid(), [softmax(row) for row in z.numpy()])


@seeds
def test_univa_compares_the_shares_of_the_known_labels(seed: int) -> None:
    z, target, known = numbers(seed, B, E), flags(seed + 1, B, E).float(), flags(seed + 2, B, E)
    known[0], known[1] = False, torch.arange(E) == 2
    terms = []
    for row, y, seen in zip(z.numpy().astype(float), target.numpy().astype(float), known.numpy(), strict=True):
        if seen.sum() == 0:
            continue
        p = softmax(row)[seen]
        p, wanted = (
            (np.append(p, 1 - p), softmax(np.append(y[seen], 1 - y[seen]))) if len(p) == 1 else (p, softmax(y[seen]))
        )
        terms.append((wanted * np.log(wanted / (p / p.sum()))).sum())
    close(univa.share_divergence(univa.log_odds(z), torch.where(known, target, 0.0), known), np.mean(terms))


@seeds
def test_univa_draws_labels_together_that_occur_together(seed: int) -> None:
    z, target, known = numbers(seed, B, E), flags(seed + 1, B, E), flags(seed + 2, B, E)
    share, shown = torch.softmax(z, dim=1).numpy(), (target & known).numpy()
    total = 0.0
    for i, j in itertools.combinations(range(E), 2):
        either = (shown[:, i] | shown[:, j]).sum()
        nearness = (shown[:, i] & shown[:, j]).sum() / either if either else 0.0
        both = (known[:, i] & known[:, j]).numpy()
        total += nearness * np.sqrt((np.log(share[both, i] / share[both, j]) ** 2).sum())
    close(univa.cooccurrence(univa.log_odds(z), torch.where(known, target, False).float(), known), total / B)


def supcon(vectors: Floats, positive: Flags, allowed: Flags, tau: float) -> list[float]:
    """Of each row that has a positive: minus the mean log share of its positives (Khosla et al., 2020)."""
    score = np.exp(vectors @ vectors.T / tau)
    return [
        float(-np.mean([np.log(score[i, j] / score[i, others].sum()) for j in np.flatnonzero(positive[i])]))
        for i, others in enumerate(allowed)
        if positive[i].any()
    ]


def supcon_per_modality(pooled: Floats, there: Flags, same: Flags, tau: float) -> float:
    unit = pooled / np.linalg.norm(pooled, axis=-1, keepdims=True)
    terms = []
    for m in range(pooled.shape[1]):
        allowed = there[:, None, m] & there[None, :, m] & ~np.eye(len(unit), dtype=bool)
        found = supcon(unit[:, m], same & allowed, allowed, tau)
        terms.append(float(np.mean(found)) if found else 0.0)
    return float(np.mean(terms))


@seeds
@pytest.mark.parametrize("target", ["presence", "shares"])
def test_univa_draws_clips_together_that_show_the_same_emotions(target: str, seed: int) -> None:
    """Also where the target is a share of raters, which hardly ever is the same twice."""
    pooled, there, known = numbers(seed, B, M, H), flags(seed + 1, B, M), flags(seed + 2, B, 2) | flags(seed + 3, B, 2)
    shares = torch.where(known, torch.rand(B, 2, generator=torch.Generator().manual_seed(seed)), torch.nan)
    whole, present = known.all(dim=1).numpy(), shares.numpy() >= 0.5
    same = np.array([[whole[i] and whole[j] and (present[i] == present[j]).all() for j in range(B)] for i in range(B)])
    labels = Labels(*equations.training_target(shares, 0.5, target), equations.is_present(shares, 0.5))
    answer = univa.UnivaAnswer(torch.zeros(B, 2), pooled, there)
    close(univa.contrastive(answer, labels, 0.7), supcon_per_modality(pooled.numpy(), there.numpy(), same, 0.7))


def test_univa_weighs_its_terms_as_published() -> None:
    family = family_of("univa")
    settings = family.preset().objective
    answer = univa.UnivaAnswer(numbers(0, B, 2), numbers(1, B, M, H), torch.ones(B, M, dtype=torch.bool))
    task = Task(("a", "b"), {"text": 3}, {"text": ""}, 0.5, simulated=True)
    fitted = family.preset().fitted_to(CorpusSize(100, 4, 7))
    loss = family.objective(fitted, task, ALONE)(nn.Identity(), answer, flags(2, B, 2).float(), torch.zeros(B, 1))
    divergence, near, contrast = loss.to_mapping()["shares"], loss.terms["cooccurrence"], loss.terms["contrastive"]
    assert isinstance(settings, univa.UnivaObjectiveSettings)
    close(loss.total, 0.55 * (1000 * divergence + float(near)) + 0.45 * float(contrast))


def test_univa_has_seven_layers_for_text_five_for_face_and_three_for_others() -> None:
    module = univa.Univa(
        dict.fromkeys(("text", "audio", "face", "pulse"), 3), 2, univa.UnivaSettings(hidden=12, inner=4)
    )
    assert [len(encoder.layers) for encoder in module.encoders] == [7, 3, 5, 3]  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------------ CARAT


def layers(sequence: nn.Module, x: Floats) -> Floats:
    """A network with one hidden layer."""
    first, _, last = (list(part.parameters()) for part in sequence.children())
    weight, bias, outer, offset = (p.detach().double().numpy() for p in (*first, *last))
    return np.asarray(np.maximum(x @ weight.T + bias, 0) @ outer.T + offset)


def carat() -> Carat:
    module = network("carat", (3, 5, 2), E).module
    assert isinstance(module, Carat)
    module.prototypes.average.copy_(nn.functional.normalize(numbers(3, *module.prototypes.average.shape), dim=-1))
    return module


@seeds
def test_carat_rebuilds_each_modality_from_the_others_and_its_prototype_twice(seed: int) -> None:
    module, width = carat(), 8
    z, there = numbers(seed, B, M, E, width), flags(seed + 1, B, M)
    average = module.prototypes.average.double().numpy()
    own, kept = z.double().numpy(), there.numpy()
    e = np.stack([layers(module.shrink[m], own[:, m]) for m in range(M)], axis=1)
    e /= np.linalg.norm(e, axis=-1, keepdims=True)
    cosine = np.array(
        [
            [[[e[b, m, k] @ average[m, k, s] * kept[b, m] for s in (0, 1)] for k in range(E)] for m in range(M)]
            for b in range(B)
        ]
    )
    sign = cosine.sum(axis=1).argmax(axis=-1)
    prototype = np.stack([np.stack([average[m, k, sign[:, k]] for k in range(E)], axis=1) for m in range(M)], axis=1)
    both = [np.stack([layers(module.expand[m], x[:, m]) for m in range(M)], axis=1) for x in (e, prototype)]
    decoded, stands_in = np.where(kept[:, :, None, None], both[0], both[1]), both[1]
    own = np.where(kept[:, :, None, None], own, stands_in)

    def rebuilt(m: int, parts: Sequence[Floats]) -> Floats:
        weight, bias = (p.detach().double().numpy() for p in module.rebuild[m].parameters())
        return np.asarray(np.concatenate(parts, axis=-1) @ weight.T + bias)

    once = np.stack(
        [rebuilt(m, [(stands_in if n == m else decoded)[:, n] for n in range(M)]) for m in range(M)], axis=1
    )
    twice = np.stack([rebuilt(m, [once[:, n] for n in range(M)]) for m in range(M)], axis=1)
    votes, bias = module.votes.detach().double().numpy(), module.bias.detach().double().numpy()
    best = [
        np.max([(level[:, m] * votes[m]).sum(axis=-1) + bias[m] for m in range(M)], axis=0)
        for level in (own, once, twice)
    ]
    aggregated = layers(module.aggregator, twice.reshape(B, -1))
    answer = module.eval().rebuilt(z, there)
    close(answer.vectors, np.stack([decoded, own, once, twice], axis=1))
    close(answer.best, np.stack(best, axis=1))
    p = (sigmoid(aggregated) + sigmoid(best[2])) / 2
    close(CaratAnswer(z, there, module.rebuilt).logit.sigmoid(), p)


@seeds
def test_carat_chooses_a_prototype_softly_in_training(seed: int) -> None:
    prototypes = Prototypes(M, E, H)
    prototypes.average.copy_(nn.functional.normalize(numbers(seed, M, E, 2, H), dim=-1))
    latent, there = nn.functional.normalize(numbers(seed + 1, B, M, E, H), dim=-1), flags(seed + 2, B, M)
    e, kept, average = latent.numpy(), there.numpy(), prototypes.average.numpy()
    wanted = np.zeros((B, M, E, H))
    for b, k in itertools.product(range(B), range(E)):
        seen = np.flatnonzero(kept[b])
        mean = [np.mean([e[b, m, k] @ average[m, k, s] for m in seen]) if len(seen) else 0.0 for s in (0, 1)]
        wanted[b, :, k] = np.einsum("s,msp->mp", softmax(np.array(mean) / 0.1), average[:, k])
    close(prototypes.train()(latent, there), wanted)


@seeds
def test_carat_moves_the_prototypes_of_the_signs_in_the_batch_by_a_hundredth(seed: int) -> None:
    prototypes = Prototypes(M, E, H)
    start = nn.functional.normalize(numbers(seed, M, E, 2, H), dim=-1)
    prototypes.average.copy_(start)
    latent, sign = numbers(seed + 1, B, M, E, H), flags(seed + 2, B, M, E)
    member = torch.stack([sign, ~sign & flags(seed + 3, B, M, E)], dim=-1)
    prototypes.move(latent, member)
    for m, k, s in itertools.product(range(M), range(E), (0, 1)):
        rows = member[:, m, k, s].numpy()
        wanted = start[m, k, s].numpy()
        if rows.any():
            wanted = DECAY * wanted + 0.01 * latent[rows, m, k].numpy().mean(axis=0)
            wanted /= np.linalg.norm(wanted)
        close(prototypes.average[m, k, s], wanted)


class LabelsInside(nn.Module):
    """Reads each emotion's logit off the first number of its vectors, and keeps what it was given."""

    def __init__(self, final: Tensor) -> None:
        super().__init__()
        self.shape, self.given = final.shape, final

    def forward(self, flat: Tensor) -> Tensor:
        self.given = flat.view(self.shape)
        return self.given[..., 0].mean(dim=1)


def test_carat_shuffles_vectors_over_clips_and_modalities_of_each_label_with_their_labels() -> None:
    target = flags(1, 20, E).float()
    final = numbers(2, 20, M, E, H)
    final[..., 0] = (40 * target - 20)[:, None]
    module, reader = carat(), LabelsInside(final)
    module.aggregator = reader  # type: ignore[assignment]
    objective = CaratObjective(CaratObjectiveSettings(), 4, 0.5, ALONE)
    torch.manual_seed(0)
    assert float(objective._shuffled(module, final, target, torch.ones(20, E, dtype=torch.bool))) < 1e-6
    mixed, sources = reader.given, []
    for e in range(E):
        where = {tuple(final[b, m, e].tolist()): (b, m) for b in range(20) for m in range(M)}
        places = [[where[tuple(mixed[b, m, e].tolist())] for m in range(M)] for b in range(20)]
        assert sorted(itertools.chain(*places)) == sorted(where.values())
        sources.append(str(places))
    assert len(set(sources)) == E and all(
        places != str([[(b, m) for m in range(M)] for b in range(20)]) for places in sources
    )


@seeds
def test_carat_adds_its_terms_as_published(seed: int) -> None:
    module = carat()
    z, there = numbers(seed, B, M, E, 8), flags(seed + 1, B, M)
    shares = torch.where(flags(seed + 2, B, E), flags(seed + 3, B, E).float(), torch.nan)
    settings = CaratObjectiveSettings(shuffled_weight=0.0)
    answer = CaratAnswer(z, there, module.eval().rebuilt)
    y, known, found = shares.numpy(), ~np.isnan(shares.numpy()), answer.rebuilt
    best, aggregated, vectors = (x.detach().double().numpy() for x in (found.best, found.aggregated, found.vectors))
    decoded, own, once = vectors[:, 0], vectors[:, 1], vectors[:, 2]
    squares = ((decoded - own) ** 2 + (once - own) ** 2).mean(axis=(2, 3))
    e = found.latent.detach().double().numpy()
    rows = [(b, m, k) for b, m, k in itertools.product(range(B), range(M), range(E)) if there[b, m] and known[b, k]]
    kind = np.array([(m, k, y[b, k]) for b, m, k in rows]).reshape(-1, 3)
    same = (kind[:, None] == kind[None]).all(axis=2) & ~np.eye(len(rows), dtype=bool)
    contrast = supcon(np.array([e[row] for row in rows]).reshape(-1, 4), same, ~np.eye(len(rows), dtype=bool), 0.07)
    wanted = (
        0.01 * bce(best[:, 0], y, known)
        + 0.1 * bce(best[:, 1], y, known)
        + bce(best[:, 2], y, known)
        + bce(aggregated, y, known)
        + (np.mean(contrast) if contrast else 0.0)
        + (squares[there.numpy()].mean() if there.any() else 0.0)
    )
    loss = CaratObjective(settings, 4, 0.5, ALONE)(module, answer, shares, torch.zeros(B, M))
    close(loss.total, wanted)
    assert CaratObjectiveSettings().shuffled_weight == 0.1


def test_the_contrast_sees_the_vectors_of_past_batches() -> None:
    past, now = nn.functional.normalize(numbers(0, 7, H), dim=1), nn.functional.normalize(numbers(1, 5, H), dim=1)
    classes, of = torch.arange(7) % 2, torch.arange(5) % 2
    contrast = MemoryContrast(16, H, 0.07)
    contrast(past, classes)
    vectors, kinds = np.concatenate([now, past]).astype(float), np.concatenate([of, classes])
    others = ~np.eye(12, dtype=bool)
    wanted = supcon(vectors, (kinds[:, None] == kinds) & others, others, 0.07)[:5]
    close(contrast(now, of), np.mean(wanted))


def test_what_a_missing_modality_of_carat_is_taken_for_costs_no_reconstruction() -> None:
    vectors, there = numbers(0, B, 4, M, E, H), flags(1, B, M)
    other = torch.where(there[:, None, :, None, None], vectors, 99.0)
    assert float(reconstruction(other, there)) == float(reconstruction(vectors, there)) > 0


# --------------------------------------------------------------------------------------------------- TAILOR and MISA


@seeds
def test_tailors_common_and_private_states_overlap_by_the_square_of_their_products(seed: int) -> None:
    common, private = numbers(seed, B, 7, H), numbers(seed + 1, B, 7, H)
    wanted = [(np.square(c.T @ p)).sum() for c, p in zip(common.numpy(), private.numpy(), strict=True)]
    close(tailor.overlap(common, private), wanted)


def tailor_answer(seed: int, presence: Tensor) -> tailor.TailorAnswer:
    logit, other = numbers(seed, B, 2), numbers(seed + 1, B, 2)
    guesses = numbers(seed + 2, B, M, M), numbers(seed + 3, B, M, M)
    return tailor.TailorAnswer(logit, other, *guesses, numbers(seed + 4, B, M).square(), presence)


@seeds
def test_tailor_adds_its_terms_as_published(seed: int) -> None:
    presence = flags(seed + 5, B, M)
    answer, shares = (
        tailor_answer(seed, presence),
        torch.where(flags(seed + 6, B, 2), flags(seed + 7, B, 2).float(), torch.nan),
    )
    y, known = shares.numpy(), ~shares.isnan().numpy()
    named = [
        [-np.log(softmax(guess[b, m].double().numpy())[m]) for b in range(B) for m in range(M) if presence[b, m]]
        for guess in (answer.common_guess, answer.private_guess)
    ]
    adversarial = sum(np.mean(own) if own else 0.0 for own in named)
    wanted = (
        bce(answer.logit.numpy(), y, known)
        + 0.5 * bce(answer.common_logit.numpy(), y, known)
        + 0.01 * adversarial
        + 5e-6 * answer.overlap.numpy().sum(axis=1).mean()
    )
    family = family_of("tailor")
    task = Task(("a", "b"), {"text": 3}, {"text": ""}, 0.5, simulated=True)
    objective = family.objective(family.preset().fitted_to(CorpusSize(100, 4, 7)), task, ALONE)
    close(objective(nn.Identity(), answer, shares, torch.zeros(B, M)).total, wanted)


def test_tailors_discriminator_turns_the_gradient_of_the_common_states_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def gradients() -> tuple[Tensor, Tensor, Tensor]:
        module = network("tailor").module
        assert isinstance(module, tailor.Tailor)
        answer = module(*clips())
        guesses = answer.common_guess, answer.private_guess
        loss = torch.stack([tailor._naming(guess, answer.presence) for guess in guesses]).sum()
        weights = module.common.weight, next(module.private.parameters()), next(module.discriminator.parameters())
        common, private, judge = torch.autograd.grad(loss, weights)
        return common, private, judge

    common, private, judge = gradients()
    monkeypatch.setattr(tailor, "reversed_gradient", lambda x: x)
    plain = gradients()
    torch.testing.assert_close(common, -plain[0])
    torch.testing.assert_close(private, plain[1])
    torch.testing.assert_close(judge, plain[2])
    assert bool(common.any()) and bool(private.any()) and bool(judge.any())


def misa_answer(seed: int) -> misa.MisaAnswer:
    presence = flags(seed + 5, B, M)
    private, shared = (numbers(seed + n, B, M, H).sigmoid() for n in (2, 3))
    encoded, rebuilt = numbers(seed + 1, B, M, H), numbers(seed + 4, B, M, H)
    return misa.MisaAnswer(numbers(seed, B, 2), encoded, private, shared, rebuilt, presence)


def central_moments(a: Floats, b: Floats) -> float:
    total = float(np.linalg.norm(a.mean(axis=0) - b.mean(axis=0)))
    for k in (2, 3, 4, 5):
        moments = [((x - x.mean(axis=0)) ** k).mean(axis=0) for x in (a, b)]
        total += float(np.linalg.norm(moments[0] - moments[1]))
    return total


@seeds
def test_misa_adds_its_terms_as_published(seed: int) -> None:
    answer = misa_answer(seed)
    private, shared, there = answer.private.double().numpy(), answer.shared.double().numpy(), answer.presence.numpy()
    square = (answer.rebuilt - answer.encoded).double().numpy() ** 2
    shares = flags(seed + 6, B, 2).float()

    def product(a: Floats, b: Floats, both: Flags) -> float:
        cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        return float((cosine[both] ** 2).mean()) if both.any() else 0.0

    pairs = list(itertools.combinations(range(M), 2))
    apart = [product(private[:, m], shared[:, m], there[:, m]) for m in range(M)]
    apart += [product(private[:, m], private[:, n], there[:, m] & there[:, n]) for m, n in pairs]
    moments = [
        central_moments(shared[there[:, m], m], shared[there[:, n], n])
        for m, n in pairs
        if there[:, m].any() and there[:, n].any()
    ]
    wanted = (
        bce(answer.logit.numpy(), shares.numpy(), np.ones((B, 2), bool))
        + 0.3 * np.mean(apart)
        + (np.mean(moments) if moments else 0.0)
        + (square.mean(axis=2)[there].mean() if there.any() else 0.0)
    )
    family = family_of("misa")
    task = Task(("a", "b"), {"text": 3}, {"text": ""}, 0.5, simulated=True)
    objective = family.objective(family.preset().fitted_to(CorpusSize(100, 4, 7)), task, ALONE)
    close(objective(nn.Identity(), answer, shares, torch.zeros(B, M)).total, wanted)


# ------------------------------------------------------------------------------------------------------- LMF and TFN


def encoded(module: Lmf | Tfn) -> tuple[tuple[Any, ...], list[Floats]]:
    """Clips, of which one lacks a modality, and [h; 1] of each modality."""
    values, mask, presence = clips(4, (3, 5, 2))
    presence[1, 2] = False
    h = [
        own(x, seen & presence[:, m, None])
        for m, (own, x, seen) in enumerate(zip(module.encoders, values, mask, strict=True))
    ]
    return (values, mask, presence), [
        np.pad(own.detach().double().numpy(), ((0, 0), (0, 1)), constant_values=1) for own in h
    ]


def test_lmf_is_a_linear_map_of_the_outer_product_of_its_modalities() -> None:
    torch.manual_seed(0)
    module = Lmf({"text": 3, "audio": 5, "face": 2}, E, LmfSettings(hidden=3, rank=2)).eval()
    given, (a, b, c) = encoded(module)
    weight = torch.cat([module.factors, module.constants[:, :, None]], dim=2).detach().double().numpy()
    share, bias = module.share.detach().double().numpy(), module.bias.detach().double().numpy()
    whole = np.einsum("r,rie,rje,rke->ijke", share, *weight)
    answer = np.einsum("bi,bj,bk,ijke->be", a, b, c, whole) + bias
    rest = np.einsum("r,rie,rje->ije", share, weight[0], weight[1])  # of the clip without a face
    answer[1] = np.einsum("i,j,ije->e", a[1], b[1], rest) + bias
    close(module(*given).logit, answer)


def test_tfn_reads_the_outer_product_of_its_modalities() -> None:
    torch.manual_seed(0)
    module = Tfn({"text": 3, "audio": 5, "face": 2}, E, TfnSettings(hidden=3, audio_hidden=2, fused=4)).eval()
    given, (a, b, c) = encoded(module)
    product = np.einsum("bi,bj,bk->bijk", a, b, c).reshape(4, -1)
    assert product.shape == (4, 4 * 3 * 4) and c[1].tolist() == [0, 0, 0, 1]
    close(module(*given).logit, layers(nn.Sequential(*list(module.output)[1:]), product))


# ------------------------------------------------------------------------------------------------------------ MMS2S


def test_mms2s_reads_the_labels_so_far_and_no_later_ones() -> None:
    module = network("mms2s", emotions=E).module
    assert isinstance(module, Mms2s)
    answer = module(*clips())
    tokens = torch.tensor([[E, 0, 1, 2], [E, 3, 1, 0]]).expand(4, 2, 4)
    with torch.no_grad():
        whole = module.decode(answer.states, answer.seen, tokens)
        for beam, length in itertools.product(range(2), range(1, 5)):
            alone = module.decode(answer.states, answer.seen, tokens[:, beam : beam + 1, :length])
            torch.testing.assert_close(whole[:, beam, length - 1], alone[:, 0, -1])
    assert whole.isinf().sum(dim=3)[0].tolist() == [[0, 1, 2, 3]] * 2 and bool(whole[..., E].isfinite().all())


def test_mms2s_loss_is_that_of_writing_the_labels_of_each_clip_by_frequency() -> None:
    module = network("mms2s").module
    assert isinstance(module, Mms2s)
    answer, shares = module(*clips()), torch.tensor([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0], [0.0, 1.0]])
    total = 0.0
    for clip, labels in enumerate([[1, 0], [1], [], [1]]):  # b is shown three times, a once
        for place, token in enumerate([*labels, 2]):
            so_far = torch.tensor([[[2, *labels[:place]]]])
            logit = module.decode(answer.states[clip : clip + 1], answer.seen[clip : clip + 1], so_far)[0, 0, -1]
            total -= float(logit.log_softmax(dim=0)[token].detach())
    objective = SequenceObjective(config_of("mms2s").objective, Task(("a", "b"), {}, {}, 0.5, simulated=True), ALONE)
    close(objective(module, answer, shares, torch.zeros(4, 2)).total, total / 4)


# ------------------------------------------------------------------------------------------------- published settings

PUBLISHED: dict[str, dict[str, dict[str, Any]]] = {
    "late-fusion": {"model": {"hidden": 128, "dropout": 0.2}, "training": {"learning_rate": 2e-3, "batch_size": 64}},
    "ef-lstm": {
        "model": {"hidden": 256, "layers": 2, "dropout": 0.4},
        "training": {"learning_rate": 5e-3, "weight_decay": 1e-4, "batch_size": 128},
    },
    "tfn": {
        "model": {"hidden": 128, "audio_hidden": 16, "fused": 16, "dropout": 0.4},
        "training": {"learning_rate": 5e-3},
    },
    "lmf": {"model": {"rank": 4, "dropout": 0.2}, "training": {"learning_rate": 1e-3, "batch_size": 32}},
    "univa": {
        "model": {"hidden": 768, "heads": 12, "inner": 3072},
        "training": {"learning_rate": 7e-5, "batch_size": 32, "epochs": 15},
    },
    "carat": {
        "model": {"hidden": 256, "heads": 8, "dropout": 0.3, "text_layers": 6, "layers": 4, "latent": 64},
        "training": {"learning_rate": 5e-5, "warmup": 0.1, "batch_size": 64, "epochs": 20},
    },
    "tailor": {
        "model": {"hidden": 256, "heads": 8, "dropout": 0.3, "text_layers": 6, "layers": 4, "fusion_layers": 3},
        "training": {"learning_rate": 5e-5, "batch_size": 64},
    },
    "mms2s": {"training": {"learning_rate": 1e-3, "epochs": 20, "gradient_norm": 10.0}},
    "mult": {
        "model": {"hidden": 30, "heads": 5, "layers": 5},
        "training": {"learning_rate": 1e-3, "batch_size": 24, "epochs": 40},
    },
    "misa": {"model": {"hidden": 128, "heads": 2}, "training": {"learning_rate": 1e-4}},
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_default_of_a_peer_has_the_published_settings(name: str) -> None:
    """Laid over it they change nothing."""
    config = family_of(name).preset()
    assert laid_over(config, PUBLISHED[name]) == config
