"""History under other fees (수가 변경 영향): every claimed line priced anew by a tried fee file or conversion factor; bills stay."""
